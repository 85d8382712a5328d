//! Case `no-backup`: an apply that takes everything down and is stopped at any of its points, on any disk that is left, keeps what
//! there was before it: as the state or beside it.

use std::path::Path;
use std::sync::Arc;

use pospool_engine::store::{Disk, Mode, Store, decode_snapshot};
use pospool_model::state::State;
use pospool_tests::point_world::{PointRunEnd, PointWorld};
use pospool_tests::points::{Death, Script};
use pospool_tests::simdisk::{DiskImage, SimDisk};

use super::depth;
use super::stage::first;

/// The state in an image, if it is there.
fn state_in(image: &DiskImage, path: &Path) -> Option<State> {
    let bytes = image.get(path)?;
    Some(decode_snapshot(path, bytes).unwrap())
}

/// The states that are kept in an image.
fn kept_in(image: &DiskImage, path: &Path) -> Vec<State> {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::holding(image));
    let mut store = Store::open_on(disk, path, Mode::Read, "test").unwrap();
    let backups = store.backups().unwrap().into_iter();
    backups
        .map(|it| decode_snapshot(path, &it.bytes).unwrap())
        .collect()
}

#[test]
fn case_no_backup_a_crash_loses_neither_the_old_state_nor_the_new_one() {
    let (cuts, _) = depth();
    let world = PointWorld::default();
    let (disk, path) = (SimDisk::default(), world.state_path());
    let shared = |disk: &SimDisk| -> Arc<dyn Disk> { Arc::new(disk.clone()) };
    assert!(
        world
            .apply(&shared(&disk), &first(), Script::Calm)
            .is_whole()
    );
    let (before, outside) = (disk.now(), world.fake.outside().clone());
    let old = state_in(&before, &path).unwrap().resources;
    assert!(!old.is_empty());
    let mut looked = 0;
    for at in 0.. {
        *world.fake.outside() = outside.clone();
        let disk = SimDisk::holding(&before);
        let ran = world.apply(&shared(&disk), "", Script::Kill(at, Death::Run));
        for cut in disk.cuts(cuts) {
            let now = state_in(&cut.image, &path).unwrap().resources;
            let kept = kept_in(&cut.image, &path);
            let is_kept = kept.iter().filter(|state| state.resources == old).count();
            assert!(now == old || is_kept == 1, "point {at}, {}", cut.how);
            assert!(is_kept <= 1, "point {at}, {}", cut.how);
            looked += 1;
        }
        if !matches!(ran.ended, PointRunEnd::Killed) {
            assert!(state_in(&disk.now(), &path).unwrap().resources.is_empty());
            break;
        }
    }
    assert!(looked > 60, "{looked} disks");
}
