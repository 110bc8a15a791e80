//! What consumers get when the power goes: positions can be lost, dead letters and events can't.

use crate::chance::{Chance, runs};
use crate::delivered::{Counts, Heard};
use crate::kill_delivering::{settling, task};
use crate::power::{Disk, Lost, look_at};
use crate::shim;
use crate::writer::{Killed, Told};

const RUNS_OF_A_DISK: u64 = 10;

#[test]
fn a_power_loss_takes_no_delivery_and_no_dead_letter_and_only_repeats_some() {
    let Some(library) = shim::library_or_skip() else { return };
    let (mut chance, runs) = (Chance::new(), runs(20));
    let (mut all, mut dead) = (Counts::default(), 0);
    for first in (0..runs).step_by(usize::try_from(RUNS_OF_A_DISK).expect("it is small")) {
        let (mut disk, mut told, mut heard) = (Disk::new(), Told::default(), Heard::without_positions());
        for run in first..runs.min(first + RUNS_OF_A_DISK) {
            let calls = if chance.coin() { 300 } else { 4_000 };
            let cut = 1 + chance.below(calls);
            let lost = if chance.coin() { Lost::Everything } else { Lost::SectorsByChance };
            let file = disk.file();
            let cut_power = |command: &mut _| disk.cut_power(command, library, cut, None);
            told = heard.run(&task(file, told), Killed::ByPowerLoss, cut_power).told;
            disk = disk.without_power(lost, &mut chance);
            let kept = look_at(&disk, told);
            assert_eq!(kept.lost, 0, "run {run}, before call {cut}, lost {lost:?}: told {told:?}, {kept:?}");
        }
        assert!(heard.run(&settling(task(disk.file(), told)), Killed::Never, |_| {}).ended);
        all += heard.check(&disk.file());
        dead += heard.dead("rejects_some").len();
    }
    println!(
        "the power was cut {runs} times; all of {} events reached their consumers in {} deliveries, of which {} repeat one, \
         and all of {dead} dead letters are there",
        all.events, all.deliveries, all.repeated
    );
    assert!(all.repeated > 0 && dead > 0, "this test tests nothing: {all:?}, {dead}");
}
