//! What is there after the power went: of each file, what it held when it was synced last.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::chance::{Chance, runs};
use crate::kept::{Kept, look};
use crate::shim;
use crate::writer::{Killed, Task, Told, run};

/// A disk as `power.c` keeps it: what programs see of it, and what was synced.
pub(crate) struct Disk(TempDir);

/// What is on the disk when the power comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lost {
    /// Everything that wasn't synced.
    Everything,
    /// Each sector that wasn't synced, or not: a disk writes what it likes before it is asked to. So do the changes of
    /// a directory.
    SectorsByChance,
}

const SECTOR: usize = 512;

impl Disk {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        for name in ["root", "synced"] {
            fs::create_dir(directory.path().join(name)).expect("it can be made");
        }
        Self(directory)
    }

    /// The file that the processes write, in a directory that they make.
    pub(crate) fn file(&self) -> PathBuf {
        self.root().join("data/app.db")
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn synced(&self, inode: u64) -> PathBuf {
        self.0.path().join(format!("synced/{inode}"))
    }

    /// Runs a process until the power goes, before its call number `cut`, and with each call number `fails` failing; gives
    /// what it told.
    fn write_until(&self, library: &Path, task: &Task, cut: u64, fails: Option<u64>) -> Told {
        run(task, Killed::ByPowerLoss, |command| self.cut_power(command, library, cut, fails))
    }

    /// The command is a process on this disk, whose power goes before its call number `cut`.
    pub(crate) fn cut_power(&self, command: &mut Command, library: &Path, cut: u64, fails: Option<u64>) {
        command.env("LD_PRELOAD", library).env("POWER_ROOT", self.root());
        command.env("POWER_SYNCED", self.0.path().join("synced")).env("POWER_CUT", cut.to_string());
        command.envs(fails.map(|each| ("POWER_FAILS", each.to_string())));
    }

    /// The disk as it is when the power is back.
    pub(crate) fn without_power(&self, lost: Lost, chance: &mut Chance) -> Self {
        let disk = Self::new();
        let mut seen = HashMap::new();
        find(&self.root(), &mut seen);
        find(&self.0.path().join("synced"), &mut seen);
        let mut survivors = Survivors { of: self, seen, lost, chance };
        survivors.directory(inode(&self.root()), &disk.root(), &disk);
        disk
    }
}

/// What is carried over from one disk to another when the power went.
struct Survivors<'s> {
    of: &'s Disk,
    /// Where each file and directory is that the processes saw, or had deleted.
    seen: HashMap<u64, PathBuf>,
    lost: Lost,
    chance: &'s mut Chance,
}

impl Survivors<'_> {
    fn directory(&mut self, old: u64, new: &Path, disk: &Disk) {
        let mut names = String::new();
        for (old, name) in self.names(old) {
            // It is memory, and never was on the disk.
            if name.ends_with("-shm") {
                continue;
            }
            let new = new.join(&name);
            if self.seen[&old].is_dir() {
                fs::create_dir(&new).expect("it can be made");
                self.directory(old, &new, disk);
            } else {
                let bytes = self.bytes(old);
                fs::write(&new, &bytes).expect("it can be written");
                fs::write(disk.synced(inode(&new)), bytes).expect("it can be written");
                let permissions = fs::metadata(&self.seen[&old]).expect("it can be asked").permissions();
                fs::set_permissions(&new, permissions).expect("it is ours");
            }
            writeln!(names, "{} {name}", inode(&new)).expect("a text has room");
        }
        fs::write(disk.synced(inode(new)), names).expect("it can be written");
    }

    /// The names in a directory.
    fn names(&mut self, directory: u64) -> Vec<(u64, String)> {
        if self.by_chance() {
            return entries(&self.seen[&directory]).map(|path| (inode(&path), name(&path))).collect();
        }
        let names = String::from_utf8(read(&self.of.synced(directory))).expect("the names are text");
        let entry = |line: &str| {
            let (inode, name) = line.split_once(' ').expect("an inode and a name");
            (inode.parse().expect("a number"), name.to_owned())
        };
        names.lines().map(entry).collect()
    }

    /// The bytes of a file.
    fn bytes(&mut self, file: u64) -> Vec<u8> {
        let mut bytes = read(&self.of.synced(file));
        if matches!(self.lost, Lost::Everything) {
            return bytes;
        }
        let seen = read(&self.seen[&file]);
        if self.by_chance() {
            bytes.resize(seen.len(), 0);
        }
        for (sector, seen) in bytes.chunks_mut(SECTOR).zip(seen.chunks(SECTOR)) {
            if sector != seen && self.chance.coin() {
                let length = sector.len().min(seen.len());
                sector[..length].copy_from_slice(&seen[..length]);
            }
        }
        bytes
    }

    fn by_chance(&mut self) -> bool {
        matches!(self.lost, Lost::SectorsByChance) && self.chance.coin()
    }
}

/// All files and directories below this one, by their inodes.
fn find(directory: &Path, found: &mut HashMap<u64, PathBuf>) {
    found.insert(inode(directory), directory.to_owned());
    for path in entries(directory) {
        if path.is_dir() {
            find(&path, found);
        } else {
            found.insert(inode(&path), path);
        }
    }
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory).expect("it can be read").map(|entry| entry.expect("it can be read").path())
}

fn name(path: &Path) -> String {
    path.file_name().expect("it has a name").to_str().expect("it is text").to_owned()
}

/// Nothing where there is no file: it was never synced.
fn read(path: &Path) -> Vec<u8> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read.expect("it can be read"),
    }
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).ino()
}

/// Looks at what is on a disk and leaves it as it is: opening the file would recover it.
pub(crate) fn look_at(disk: &Disk, told: Told) -> Kept {
    let copy = tempfile::tempdir().expect("there is room for a directory");
    let file = disk.file();
    let directory = file.parent().expect("it is in a directory");
    if directory.exists() {
        for path in entries(directory) {
            fs::copy(&path, copy.path().join(name(&path))).expect("it can be copied");
        }
    }
    look(&copy.path().join("app.db"), &told)
}

/// Cuts the power again and again, on what the last time left; gives how many events were told and lost.
fn cut_again_and_again(library: &Path, synchronous: Option<&str>, disk_fails: bool) -> (u32, u32) {
    /// Then a new disk, since a small one is checked faster.
    const RUNS_OF_A_DISK: u64 = 10;
    let (mut chance, runs) = (Chance::new(), runs(20));
    let may_lose = synchronous.is_some();
    let (mut all, mut lost) = (0, 0);
    let (mut disk, mut next) = (Disk::new(), Told::default());
    for run in 0..runs {
        if run % RUNS_OF_A_DISK == 0 {
            (disk, next) = (Disk::new(), Told::default());
        }
        // A file is created in some 50 calls, and checkpoints begin after some 2,000.
        let calls = if chance.coin() { 200 } else { 4000 };
        let cut = 1 + chance.below(calls);
        let synchronous = synchronous.map(str::to_owned);
        let task = Task { synchronous, tries_again: disk_fails, ..Task::endless(disk.file(), next) };
        let fails = disk_fails.then(|| 40 + chance.below(600));
        let told = disk.write_until(library, &task, cut, fails);
        let without = if chance.coin() { Lost::Everything } else { Lost::SectorsByChance };
        disk = disk.without_power(without, &mut chance);
        let kept = look_at(&disk, told);
        let when = format!("run {run}, before call {cut}, each {fails:?} failing, lost {without:?}");
        assert!(may_lose || kept.lost == 0, "{when}: told {told:?}, {kept:?}");
        all += told.iter().sum::<u32>() - next.iter().sum::<u32>();
        lost += kept.lost;
        // What came back without a receipt is tracked again.
        next = std::array::from_fn(|place| told[place].min(kept.events[place]));
    }
    println!("the power was cut {runs} times; of {all} events with a receipt, {lost} are lost");
    (all, lost)
}

#[test]
fn a_power_loss_takes_no_event_whose_receipt_came() {
    let Some(library) = shim::library_or_skip() else { return };
    let (all, _) = cut_again_and_again(library, None, false);
    assert!(all > 0, "the power went before anything was done");
}

#[test]
fn a_disk_that_also_fails_now_and_then_loses_no_event_whose_receipt_came_and_keeps_each_once() {
    let Some(library) = shim::library_or_skip() else { return };
    let (all, _) = cut_again_and_again(library, None, true);
    assert!(all > 0, "the power went before anything was done");
}

#[test]
fn a_power_loss_with_synchronous_normal_takes_the_last_events_and_breaks_nothing() {
    let Some(library) = shim::library_or_skip() else { return };
    let (_, lost) = cut_again_and_again(library, Some("normal"), false);
    assert!(lost > 0, "this test can't see a loss");
}

/// The process dies, or the power goes, before each single call until there are events in the file.
#[test]
fn a_file_whose_creation_is_interrupted_anywhere_can_be_opened_and_used() {
    let Some(library) = shim::library_or_skip() else { return };
    let mut chance = Chance::new();
    let mut cut = 1;
    loop {
        let disk = Disk::new();
        let told = disk.write_until(library, &Task::endless(disk.file(), Told::default()), cut, None);
        assert_eq!(look_at(&disk, told).lost, 0, "the process died before call {cut}");
        for lost in [Lost::Everything, Lost::SectorsByChance] {
            let disk = disk.without_power(lost, &mut chance);
            assert_eq!(look_at(&disk, told).lost, 0, "the power went before call {cut}: {lost:?}");
            let task = Task { count: 1, ..Task::endless(disk.file(), told) };
            let told = run(&task, Killed::Never, |_| {});
            assert_eq!(look_at(&disk, told).lost, 0, "after the power went before call {cut}: {lost:?}");
        }
        // One call after the other until every producer has its receipt.
        if told.iter().all(|count| *count > 0) {
            println!("{cut} calls");
            return;
        }
        cut += 1;
    }
}
