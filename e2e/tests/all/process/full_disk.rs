//! Disks that are full, each store's in turn: nothing is acknowledged that is not stored, and the shop goes on without a
//! restart when there is room again. Needs user namespaces, for small file systems in memory (`unshare` of util-linux).

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use e2e::program::{Program, SOON, basket, objects};
use serde_json::{Value, json};

/// Bytes of each small file system.
const SIZE: u64 = 96 * 1024 * 1024;
/// The stores of a shop on files, by the names of their files.
const STORES: [&str; 7] = ["catalog", "inventory", "ordering", "payments", "shipping", "vault", "documents"];
/// Orders that are tried while a disk is full.
const TRIES: usize = 8;

/// Fills a file system to its last byte. Dropping it frees the space.
struct Filled(PathBuf);

impl Filled {
    fn disk(folder: &Path) -> Result<Self> {
        let path = folder.join("filler");
        let mut file = File::create(&path)?;
        for size in [1 << 20, 4 << 10, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
        Ok(Self(path))
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("the filler can be removed");
    }
}

/// A shop whose stores are each on a small file system of their own.
struct SmallShop {
    shop: Program,
    folder: tempfile::TempDir,
}

impl SmallShop {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        // The first start makes the files and the catalogue.
        let first = Program::start(&data, &[])?;
        first.until_page("/readyz", "ready").await?;
        first.leave()?;
        let mut disks = Vec::new();
        for store in STORES {
            let disk = folder.path().join("disks").join(store);
            fs::create_dir_all(&disk)?;
            let file = format!("{store}.sqlite");
            fs::rename(data.join(&file), disk.join(&file))?;
            // Relative, so that it leads to the same file from outside of the namespace.
            symlink(format!("../disks/{store}/{file}"), data.join(&file))?;
            disks.push(disk);
        }
        let shop = Program::start_on_small_disks(&data, &disks, SIZE, &[])?;
        shop.until_page("/readyz", "ready").await?;
        Ok(Self { shop, folder })
    }

    fn disk(&self, store: &str) -> PathBuf {
        self.shop.seen(&self.folder.path().join("disks").join(store))
    }

    /// The data directory, for operators' commands outside of the namespace.
    fn data(&self) -> PathBuf {
        self.shop.seen(&self.folder.path().join("data"))
    }

    async fn place(&self, key: &str) -> Result<(u16, Value)> {
        self.shop.shopper("/v1/orders", key, basket("TEA-100", "one@example.com")).await
    }

    async fn is_ready(&self) -> Result<bool> {
        Ok(self.shop.page(false, "/readyz").await?.0 == 200)
    }

    /// Places the orders of these keys again, until each is accepted. Returns their numbers.
    async fn accepted(&self, keys: &[String]) -> Result<Vec<String>> {
        let mut numbers = Vec::new();
        for key in keys {
            let placing = async {
                loop {
                    let (status, answer) = self.place(key).await?;
                    ensure!(status == 201 || status == 503, "{status}: {answer}");
                    if status == 201 {
                        return Ok(answer["orderNumber"].as_str().context("no number")?.to_owned());
                    }
                }
            };
            let placed = tokio::time::timeout(SOON, placing).await;
            numbers.push(placed.with_context(|| format!("{key} was never accepted"))??);
        }
        Ok(numbers)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_store_may_fill_its_disk_and_goes_on_when_there_is_room_again() -> Result<()> {
    let small = SmallShop::start().await?;
    let (mut all, mut refused_by) = (Vec::new(), Vec::new());
    for store in STORES {
        let before = small.accepted(&[format!("{store}-before")]).await?;
        let filled = Filled::disk(&small.disk(store))?;
        let keys: Vec<String> = (0..TRIES).map(|i| format!("{store}-{i}")).collect();
        let mut refused = 0;
        for key in &keys {
            let (status, answer) = small.place(key).await?;
            ensure!(status == 201 || status == 503, "{store}: {status}: {answer}");
            refused += usize::from(status == 503);
        }
        if refused > 0 {
            refused_by.push(store);
            ensure!(!small.is_ready().await?, "{store} refuses orders, and the shop says that it is ready");
        }
        drop(filled);
        let numbers = small.accepted(&keys).await?;
        for number in before.iter().chain(&numbers) {
            let confirmed = small.shop.until_order(number, &["CONFIRMED"]).await;
            confirmed.with_context(|| format!("{store}: {:#?}", small.shop.unread()))?;
        }
        small.shop.until_page("/readyz", "ready").await?;
        all.extend(numbers);
    }
    // Orders need two stores; the others hold up what follows.
    ensure!(refused_by == ["ordering", "vault"], "orders were refused by {refused_by:?}");
    all.sort_unstable();
    all.dedup();
    ensure!(all.len() == STORES.len() * TRIES, "an order was placed twice, or two have one number");
    for log in objects(&small.data(), &["log", "verify"])? {
        ensure!(log["sound"] == json!(true), "{log}");
    }
    Ok(())
}
