//! The counters for Prometheus: names by its guide, in base units; no label that a client can make
//! grow.

mod tables;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use ws_service::{Durations, Histogram, Stats};

use super::doors::Doors;
use super::process::Process;
use super::visits::Visits;
use tables::{DURATIONS, KINDS, Kinds, PLAIN, Plain};

/// What OpenMetrics calls itself.
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What Prometheus called its own before.
pub(super) const TEXT: &str = prometheus_text::CONTENT_TYPE;

/// All that can be scraped.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
}

impl Metrics {
    pub(super) fn new(doors: Arc<dyn Doors>, visits: Arc<Visits>) -> Self {
        let mut registry = Registry::with_prefix("ws_service");
        registry.register_collector(Box::new(Service { doors, visits }));
        Self { registry }
    }

    /// In the format that its name says, [`OPEN_METRICS`] or [`TEXT`].
    pub(super) fn encode(&self, format: &str) -> Result<String, fmt::Error> {
        let mut out = String::new();
        if format == OPEN_METRICS {
            text::encode(&mut out, &self.registry)?;
        } else {
            prometheus_text::encode(&mut out, &self.registry)?;
        }
        Ok(out)
    }
}

/// Reads the counters when they are asked for.
struct Service {
    doors: Arc<dyn Doors>,
    visits: Arc<Visits>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl Collector for Service {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.doors.shard_stats();
        let shards = stats.iter().enumerate().map(|(shard, stats)| (shard.to_string(), stats));
        let mut out = Out { encoder, shards: shards.collect() };
        PLAIN.iter().try_for_each(|plain| out.plain(plain))?;
        KINDS.iter().try_for_each(|kinds| out.kinds(kinds))?;
        for &(name, help, read) in DURATIONS {
            out.durations(name, help, read)?;
        }
        out.of_administrators(&self.visits)?;
        out.of_process(self.doors.max_connections())
    }
}

/// Where it goes, and whence it comes.
struct Out<'e, 's> {
    encoder: DescriptorEncoder<'e>,
    shards: Vec<(String, &'s Stats)>,
}

impl Out<'_, '_> {
    fn plain(&mut self, plain: &Plain) -> fmt::Result {
        let Plain { name, help, unit, kind, read } = plain;
        let mut family = self.encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?;
        for (shard, stats) in &self.shards {
            let labels = [("shard", shard.as_str())];
            number(family.encode_family(&labels)?, *kind, read(stats))?;
        }
        Ok(())
    }

    fn kinds(&mut self, kinds: &Kinds) -> fmt::Result {
        let Kinds { name, help, label, kind, read } = kinds;
        let mut family = self.encoder.encode_descriptor(name, help, None, *kind)?;
        for (shard, stats) in &self.shards {
            for (value, count) in read(stats) {
                let labels = [("shard", shard.as_str()), (label, value)];
                number(family.encode_family(&labels)?, *kind, count)?;
            }
        }
        Ok(())
    }

    fn durations(&mut self, name: &str, help: &str, read: fn(&Stats) -> &Durations) -> fmt::Result {
        let kind = MetricType::Histogram;
        let mut family = self.encoder.encode_descriptor(name, help, Some(&Unit::Seconds), kind)?;
        for (shard, stats) in &self.shards {
            let durations = read(stats);
            let buckets: Vec<_> = bounds().zip(durations.buckets).collect();
            let labels = [("shard", shard.as_str())];
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                seconds(durations.sum),
                durations.count(),
                &buckets,
                None,
            )?;
        }
        Ok(())
    }

    fn of_administrators(&mut self, visits: &Visits) -> fmt::Result {
        for it in visits.bounded() {
            let kind = MetricType::Gauge;
            let family = self.encoder.encode_descriptor(it.name, it.help, None, kind)?;
            number(family, kind, it.used)?;
        }
        let (help, kind) = ("Answers to administrators, by class", MetricType::Counter);
        let mut family = self.encoder.encode_descriptor("admin_answers", help, None, kind)?;
        for (class, count) in visits.answers() {
            number(family.encode_family(&[("class", class)])?, kind, count)?;
        }
        Ok(())
    }

    fn of_process(&mut self, max_connections: usize) -> fmt::Result {
        let process = Process::now();
        let gauges = [
            (
                "connections_max",
                "Connections that the service takes at once",
                None,
                Some(max_connections as u64),
            ),
            (
                "descriptors_open",
                "Open descriptors of the process",
                None,
                Some(process.descriptors),
            ),
            (
                "descriptors_max",
                "Descriptors that the process may have open",
                None,
                process.max_descriptors,
            ),
            (
                "resident_memory",
                "Memory that the process holds",
                Some(Unit::Bytes),
                Some(process.resident_bytes),
            ),
        ];
        for (name, help, unit, value) in gauges {
            let Some(value) = value else { continue };
            let kind = MetricType::Gauge;
            let family = self.encoder.encode_descriptor(name, help, unit.as_ref(), kind)?;
            number(family, kind, value)?;
        }
        let (help, unit) = ("Processor time of all threads", Some(&Unit::Seconds));
        let mut cpu = self.encoder.encode_descriptor("cpu", help, unit, MetricType::Counter)?;
        cpu.encode_counter::<NoLabelSet, _, f64>(&process.cpu_seconds, None)?;
        let help = "Version of the service";
        let mut build = self.encoder.encode_descriptor("build", help, None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

fn number(mut metric: MetricEncoder<'_>, kind: MetricType, value: u64) -> fmt::Result {
    match kind {
        MetricType::Counter => metric.encode_counter::<NoLabelSet, _, f64>(&value, None),
        // One that is just being changed may be read below zero.
        _ => metric.encode_gauge(&i64::try_from(value).unwrap_or(0)),
    }
}

/// The buckets' upper bounds, in seconds.
pub(super) fn bounds() -> impl Iterator<Item = f64> {
    Histogram::BOUNDS.into_iter().map(seconds).chain([f64::INFINITY])
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
pub(super) fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
