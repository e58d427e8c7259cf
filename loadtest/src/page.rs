//! A report as one HTML page that needs nothing else: figures in tables, each second of the run in plots.

use crate::bench::Point;
use crate::report::Report;
use crate::system::System;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 200.0;
/// Room for the labels of the axes.
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 10.0;
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1040px;margin:2em auto;padding:0 1em;color:#1d2430;background:#fff}
table{border-collapse:collapse;margin:.5em 0 1.5em}td,th{padding:.25em .7em;text-align:right;border-bottom:1px solid #d8dde4}
td:first-child,th:first-child{text-align:left}figure{display:inline-block;margin:0 .6em 1em 0}figcaption{font-size:13px;color:#55606e}
.bad{color:#a3141b;font-weight:600}.good{color:#146c2e}svg text{font:11px system-ui,sans-serif;fill:#55606e}";

/// One system's curve.
struct Curve {
    name: &'static str,
    colour: &'static str,
    values: Vec<f64>,
}

/// The whole page.
pub fn render(report: &Report) -> String {
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Realms under load</title><style>{STYLE}</style><h1>Realms under load</h1>\
         <p>{}<br>{}, durability {}<br><code>{}</code></p>",
        escape(&report.machine.describe()),
        escape(&report.world),
        escape(&report.durability),
        escape(&report.command)
    );
    for fault in &report.invalid {
        page += &format!("<p class=bad>Invalid run: {}</p>", escape(fault));
    }
    if !report.expectations.is_empty() {
        page += "<h2>Expected</h2><table><tr><th>what<th>is<th>";
        for outcome in &report.expectations {
            let value = outcome.value.map_or("not measured".into(), |value| format!("{value:.3}"));
            let (class, word) = if outcome.met { ("good", "met") } else { ("bad", "missed") };
            page += &format!("<tr><td>{}<td>{value}<td class={class}>{word}", escape(&outcome.expected));
        }
        page += "</table>";
    }
    for (phase, load) in &report.loads {
        let pace =
            load.rate.map_or("as fast as answers come".to_owned(), |rate| format!("{rate} commands a second each"));
        page += &format!("<h2>{}: {} players, {pace}</h2>", escape(phase), load.players);
        page += &table(report, phase);
        page += &plots(report, phase);
    }
    page + "</html>"
}

fn table(report: &Report, phase: &str) -> String {
    let mut table = "<table><tr><th>system<th>commands/s<th>deliveries/s<th>p50 ms<th>p95 ms<th>p99 ms<th>max ms\
                     <th>CPU ms/command<th>CPU %<th>MiB<th>refused %"
        .to_owned();
    for (system, figures) in of_phase(report, phase) {
        table += &format!(
            "<tr><td>{}<td>{:.0}<td>{:.0}<td>{:.2}<td>{:.2}<td>{:.2}<td>{:.1}<td>{:.4}<td>{:.1}<td>{:.1}<td>{:.2}",
            system.as_str(),
            figures.commands_per_s,
            figures.deliveries_per_s,
            figures.p50_ms,
            figures.p95_ms,
            figures.p99_ms,
            figures.max_ms,
            figures.cpu_ms_per_command,
            figures.cpu_percent,
            figures.rss_mib,
            figures.refused_percent
        );
    }
    table + "</table>"
}

fn of_phase<'a>(report: &'a Report, phase: &'a str) -> impl Iterator<Item = (System, &'a crate::report::Figures)> {
    report.systems.iter().filter_map(move |(system, phases)| Some((*system, phases.get(phase)?)))
}

fn colour(system: System) -> &'static str {
    match system {
        System::Realms => "#0b62c4",
        System::Fanout => "#1a8a4c",
        System::Echo => "#b36b00",
        System::PollingOne => "#a3141b",
        System::PollingDrained => "#7a3fb0",
    }
}

fn plots(report: &Report, phase: &str) -> String {
    let curves = |value: fn(&Point) -> f64| {
        of_phase(report, phase)
            .map(|(system, figures)| Curve {
                name: system.as_str(),
                colour: colour(system),
                values: figures.series.iter().map(value).collect(),
            })
            .collect::<Vec<_>>()
    };
    let mut text = String::new();
    for (title, value) in [
        ("p50, ms", (|p| p.p50_ms) as fn(&Point) -> f64),
        ("p99, ms", |p| p.p99_ms),
        ("commands a second", |p| p.commands as f64),
        ("deliveries a second", |p| p.deliveries as f64),
        ("CPU, % of a core", |p| p.cpu_percent),
        ("memory, MiB", |p| p.rss_mib),
    ] {
        text += &plot(title, &curves(value));
    }
    text
}

/// Seconds to the right, values up, from zero.
fn plot(title: &str, curves: &[Curve]) -> String {
    let most = curves.iter().flat_map(|curve| &curve.values).copied().fold(0.0_f64, f64::max).max(1e-9);
    let longest = curves.iter().map(|curve| curve.values.len()).max().unwrap_or(0);
    let x = |nth: usize| LEFT + nth as f64 * (WIDTH - LEFT - 8.0) / (longest.max(2) - 1) as f64;
    let y = |value: f64| TOP + (1.0 - value / most) * (HEIGHT - BOTTOM - TOP);
    let mut svg = format!("<figure><svg width={WIDTH} height={HEIGHT} role=img aria-label='{title}'>");
    for share in [0.0, 0.5, 1.0] {
        let (value, at) = (most * share, y(most * share));
        svg += &format!(
            "<line x1={LEFT} x2={WIDTH} y1={at:.1} y2={at:.1} stroke='#d8dde4'/>\
             <text x={:.0} y={:.1} text-anchor=end>{}</text>",
            LEFT - 6.0,
            at + 4.0,
            number(value)
        );
    }
    svg += &format!("<text x={LEFT} y={:.0}>0 s</text>", HEIGHT - 6.0);
    svg += &format!("<text x={WIDTH} y={:.0} text-anchor=end>{longest} s measured</text>", HEIGHT - 6.0);
    for Curve { colour, values, .. } in curves {
        let points: Vec<String> =
            values.iter().enumerate().map(|(nth, value)| format!("{:.1},{:.1}", x(nth), y(*value))).collect();
        svg += &format!("<polyline fill=none stroke='{colour}' stroke-width=1.6 points='{}'/>", points.join(" "));
    }
    let names: Vec<String> =
        curves.iter().map(|Curve { name, colour, .. }| format!("<span style='color:{colour}'>{name}</span>")).collect();
    svg + &format!("</svg><figcaption>{title}: {}</figcaption></figure>", names.join(", "))
}

fn number(value: f64) -> String {
    match value {
        value if value >= 10_000.0 => format!("{:.0}k", value / 1000.0),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
