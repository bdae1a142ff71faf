//! Metrics of the process itself, read from `/proc` when metrics are served. There are none on systems other than Linux.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Clock ticks per second in `/proc/self/stat`: fixed by the kernel's interface to programs (`USER_HZ`).
const TICKS: f64 = 100.0;

#[derive(Debug)]
pub(super) struct Process;

type Row = (&'static str, Option<Unit>, MetricType, &'static str);

impl Process {
    pub(super) const DESCRIBED: [Row; 4] = [
        (
            "process_cpu",
            Some(Unit::Seconds),
            MetricType::Counter,
            "Processor time that the process has used.",
        ),
        (
            "process_resident_memory",
            Some(Unit::Bytes),
            MetricType::Gauge,
            "Memory of the process that is in RAM.",
        ),
        ("process_open_fds", None, MetricType::Gauge, "Files and sockets that the process has open."),
        ("process_threads", None, MetricType::Gauge, "Threads of the process."),
    ];

    pub(super) fn new() -> Self {
        Self
    }
}

struct Figures {
    cpu_seconds: f64,
    resident_bytes: u64,
    threads: u64,
    open_files: u64,
}

impl Figures {
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The name in parentheses may hold spaces; the numbers after it do not.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        // The kernel states it in kB, regardless of the page size.
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident: u64 = resident.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) as f64 / TICKS,
            threads: field(20)?,
            resident_bytes: resident * 1024,
            open_files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        })
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let Some(figures) = Figures::read() else { return Ok(()) };
        let [cpu, resident, files, threads] = Self::DESCRIBED;
        let metric = ConstCounter::new(figures.cpu_seconds);
        metric.encode(encoder.encode_descriptor(cpu.0, cpu.3, cpu.1.as_ref(), cpu.2)?)?;
        let gauges =
            [(resident, figures.resident_bytes), (files, figures.open_files), (threads, figures.threads)];
        for ((name, unit, kind, meaning), value) in gauges {
            let metric = ConstGauge::new(value.cast_signed());
            metric.encode(encoder.encode_descriptor(name, meaning, unit.as_ref(), kind)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_figures_of_this_process_are_plausible() {
        let before = Figures::read().unwrap();
        assert!(before.resident_bytes > 1_000_000 && before.threads >= 1 && before.open_files >= 3);
        let held = vec![1u8; 50_000_000];
        let after = Figures::read().unwrap();
        assert!(after.resident_bytes > before.resident_bytes + 40_000_000, "{}", held.len());
    }
}
