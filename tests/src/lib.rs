//! What the tests that cross crates share: a temporary project folder, runs of the engine on the fake provider, and
//! runs with the real chain provider on the model chain.

mod patience;
pub mod point_world;
pub mod points;
pub mod pool_world;
pub mod private_file;
pub mod s3;
pub mod simdisk;
pub mod small_http;
pub mod stand_ins;
pub mod state_server;
pub mod stub_world;
pub mod watched;
pub mod world;
