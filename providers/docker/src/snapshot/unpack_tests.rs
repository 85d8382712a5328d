//! Archives as they come, and as nobody should make them.

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// One entry: its path as bytes of the header, its kind, its content.
type ArchiveRow<'a> = (&'a str, EntryType, &'a [u8]);

fn packed(rows: &[ArchiveRow<'_>]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for (path, kind, content) in rows {
        let mut header = Header::new_gnu();
        // Written by hand: the library itself refuses the paths that are tried here.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o4777);
        if matches!(kind, EntryType::Symlink | EntryType::Link) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap()
}

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;

fn good() -> Vec<ArchiveRow<'static>> {
    vec![
        ("./blockchain_data/", FOLDER, b""),
        ("blockchain_data/blockchain_db/1.sst", FILE, b"chain"),
        ("blockchain_data/net_config/key", FILE, b"foreign identity"),
        ("pos_db/db/2.sst", FILE, b"pos"),
        ("pos_db/secure_storage.json", FILE, b"foreign safety"),
        ("pos_db/secure_storage.json.tmp", FILE, b"foreign safety"),
        ("pos_db/deep/pos_key", FILE, b"foreign key"),
        ("pos_config/pos_key", FILE, b"foreign key"),
        ("pos_config/pos_config.yaml", FILE, b"foreign configuration"),
        ("pos_config/initial_nodes.json", FILE, b"{}"),
        ("log/conflux.log", FILE, b"foreign log"),
    ]
}

fn passed(archive: &[u8]) -> (ArchiveReport, Vec<(String, Vec<u8>)>) {
    let mut out = Vec::new();
    let report = transfer_archive(archive, &mut out).unwrap();
    let mut archive = Archive::new(&out[..]);
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let header = entry.header();
        assert_eq!(
            (header.uid().unwrap(), header.gid().unwrap()),
            (10001, 10001)
        );
        assert_eq!(header.mode().unwrap() & 0o077, 0);
        (entry.path().unwrap().display().to_string(), bytes)
    });
    let files = files.collect();
    (report, files)
}

#[test]
fn only_chain_data_passes_and_no_key_or_safety_file() {
    let archive = zipped(&packed(&good()));
    let (report, files) = passed(&archive);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "blockchain_data",
            "blockchain_data/blockchain_db/1.sst",
            "pos_db/db/2.sst"
        ]
    );
    assert!(
        files
            .iter()
            .all(|(_, bytes)| !bytes.starts_with(b"foreign"))
    );
    assert_eq!((report.files, report.bytes, report.kept_out), (2, 8, 5));
    assert_eq!(report.sha256, hex::encode(&Sha256::digest(&archive)));
    assert_eq!(report.nodes.unwrap().1, hash_bytes(b"{}"));
}

#[test]
fn the_layout_may_lie_in_a_folder_and_the_archive_may_be_plain() {
    let deep = [
        ("node/run/blockchain_data/1", FILE, &b"chain"[..]),
        ("node/run/pos_db/secure_storage.json", FILE, b"foreign"),
        ("node/run/pos_db/1", FILE, b"pos"),
    ];
    let (report, files) = passed(&packed(&deep));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["blockchain_data/1", "pos_db/1"]);
    assert_eq!(report.kept_out, 1);
}

#[test]
fn two_zips_one_after_the_other_are_one() {
    let plain = packed(&good());
    let (head, tail) = plain.split_at(700);
    let archive = [zipped(head), zipped(tail)].concat();
    assert_eq!(passed(&archive).0.files, 2);
}

#[test]
fn what_chain_data_never_has_is_refused() {
    for (path, kind) in [
        ("blockchain_data/../../etc/passwd", FILE),
        ("/etc/passwd", FILE),
        ("../pos_db/1", FILE),
        ("elsewhere/../x", FILE),
        ("blockchain_data/a", EntryType::Symlink),
        ("other/a", EntryType::Symlink),
        ("blockchain_data/a", EntryType::Link),
        ("blockchain_data/a", EntryType::Char),
        ("blockchain_data/a", EntryType::Block),
        ("blockchain_data/a", EntryType::Fifo),
        ("blockchain_data", FILE),
        ("blockchain_data/a\\b", FILE),
        ("blockchain_data/a\nb", FILE),
    ] {
        let mut rows = good();
        rows.push((path, kind, b""));
        let refusal = transfer_archive(&zipped(&packed(&rows))[..], io::sink()).unwrap_err();
        assert!(
            matches!(refusal, ArchiveRefusal::Entry(..)),
            "{path}: {refusal:?}"
        );
    }
}

#[test]
fn an_archive_that_is_not_whole_or_of_another_kind_is_refused() {
    let archive = zipped(&packed(&good()));
    for cut in [10, archive.len() / 2, archive.len() - 1] {
        let refusal = transfer_archive(&archive[..cut], io::sink()).unwrap_err();
        assert!(
            matches!(refusal, ArchiveRefusal::Corrupt(_)),
            "{cut}: {refusal:?}"
        );
    }
    let mut wrong = archive.clone();
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    let refusal = transfer_archive(&wrong[..], io::sink()).unwrap_err();
    assert!(
        matches!(refusal, ArchiveRefusal::Corrupt(_)),
        "checksum: {refusal:?}"
    );
    let other = packed(&[("photos/1.jpg", FILE, b"x")]);
    assert!(matches!(
        transfer_archive(&other[..], io::sink()).unwrap_err(),
        ArchiveRefusal::Layout
    ));
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0, 0];
    assert!(matches!(
        transfer_archive(&zstd[..], io::sink()).unwrap_err(),
        ArchiveRefusal::Packing("zstd")
    ));
    let page = b"<html>not found</html>".repeat(100);
    assert!(matches!(
        transfer_archive(&page[..], io::sink()).unwrap_err(),
        ArchiveRefusal::Corrupt(_)
    ));
}

#[test]
fn who_takes_the_bytes_and_fails_is_told_from_a_bad_archive() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let archive = zipped(&packed(&good()));
    let refusal = transfer_archive(&archive[..], Full).unwrap_err();
    assert!(matches!(refusal, ArchiveRefusal::Taker(_)), "{refusal:?}");
}
