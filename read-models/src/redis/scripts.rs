//! The scripts. They are called by their hashes; a server that does not know one (it was restarted or emptied) gets it again.

use std::sync::LazyLock;

use redis::Script;

pub(super) static WRITE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/write.lua")));
pub(super) static CREATE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/create.lua")));
pub(super) static SWITCH: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/switch.lua")));
pub(super) static REPLACE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/replace.lua")));
pub(super) static DROP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/drop.lua")));
