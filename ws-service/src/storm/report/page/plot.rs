//! A plot as SVG. Text is set in whatever font the reader has, so nothing is measured here.

use anyhow::{Error, anyhow};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const SIZE: (u32, u32) = (760, 280);
const FONT: (&str, i32) = ("sans-serif", 14);

/// Told apart by people who see few colours, too (Okabe and Ito).
pub(super) const COLOURS: [(u8, u8, u8); 8] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (90, 90, 90),
    (160, 80, 40),
];

/// Lines over time.
pub(super) struct Plot {
    pub(super) title: &'static str,
    /// What the numbers are.
    pub(super) unit: &'static str,
    pub(super) across: &'static str,
    pub(super) lines: Vec<Line>,
    /// Moments that stand out, by what they are; every other name stands before its moment.
    pub(super) marks: Vec<(f64, &'static str)>,
    /// A decade is as high as another.
    pub(super) is_logarithmic: bool,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

impl Line {
    pub(super) fn new(name: impl Into<String>, points: impl Iterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.collect() }
    }

    fn highest(&self) -> f64 {
        self.points.iter().fold(0.0, |highest, point| point.1.max(highest))
    }
}

impl Plot {
    /// Whether there is anything to see.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.points.is_empty())
    }

    /// What someone who can't see it is told.
    pub(super) fn words(&self) -> String {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| format!("{}: at most {:.2} {}", line.name, line.highest(), self.unit))
            .collect();
        format!("{}. {}", self.title, lines.join("; "))
    }

    /// # Errors
    ///
    /// The library refuses.
    pub(super) fn svg(&self) -> anyhow::Result<String> {
        let highest = self.lines.iter().map(Line::highest).fold(0.0, f64::max);
        if self.is_logarithmic {
            let above = self.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
            let lowest = above.filter(|it| *it > 0.0).fold(1.0, f64::min);
            self.draw((lowest * 0.8..highest.max(lowest * 10.0) * 1.3).log_scale())
        } else {
            self.draw(0.0..highest.max(1.0) * 1.08)
        }
    }

    fn draw<Y>(&self, up: Y) -> anyhow::Result<String>
    where
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let mut svg = String::new();
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(42)
            .y_label_area_size(70)
            .build_cartesian_2d(self.across(), up)
            .map_err(because)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .label_style(FONT)
            .x_labels(10)
            .y_labels(6)
            .x_desc(self.across)
            .y_desc(self.unit)
            .x_label_formatter(&|x| number(*x))
            .y_label_formatter(&|y| number(*y))
            .draw()
            .map_err(because)?;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let style = RGBColor(colour.0, colour.1, colour.2).stroke_width(2);
            chart.draw_series(LineSeries::new(line.points.clone(), style)).map_err(because)?;
        }
        let bounds = chart.y_range();
        for (place, (at, what)) in self.marks.iter().enumerate() {
            let line = [(*at, bounds.start), (*at, bounds.end)];
            chart.draw_series([PathElement::new(line, BLACK.mix(0.5))]).map_err(because)?;
            let side = if place % 2 == 0 { HPos::Right } else { HPos::Left };
            let font = FONT.into_font().color(&BLACK.mix(0.7)).pos(Pos::new(side, VPos::Top));
            let text = Text::new(format!(" {what} "), (*at, bounds.end), font);
            chart.draw_series([text]).map_err(because)?;
        }
        drop(chart);
        root.present().map_err(because)?;
        drop(root);
        Ok(svg)
    }

    /// From the first point to the last.
    fn across(&self) -> std::ops::Range<f64> {
        let points = || self.lines.iter().flat_map(|line| &line.points).map(|point| point.0);
        let (first, last) = (points().fold(f64::MAX, f64::min), points().fold(f64::MIN, f64::max));
        first..last.max(first + 1e-3)
    }
}

/// With as many digits as it needs.
fn number(value: f64) -> String {
    let text = match value.abs() {
        100.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.replace('-', "−")
}

fn because(error: impl std::fmt::Display) -> Error {
    anyhow!("the plot can't be drawn: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 0.05, 1.0, 2.5, 100.0, 12_345.0, -0.5].map(number);
        assert_eq!(all, ["0", "0.05", "1", "2.5", "100", "12345", "−0.5"]);
    }

    #[test]
    fn every_line_is_drawn_and_told() {
        let line = |name: &str, high: f64| Line::new(name, [(-1.0, 1.0), (2.0, high)].into_iter());
        let plot = |is_logarithmic| Plot {
            title: "Echoes",
            unit: "ms",
            across: "s",
            lines: vec![line("p50", 2.0), line("p99", 30.0)],
            marks: vec![(0.0, "the end")],
            is_logarithmic,
        };
        for plot in [plot(false), plot(true)] {
            let svg = plot.svg().unwrap();
            assert!(svg.starts_with("<svg") && svg.contains("the end"), "{svg}");
            assert!(svg.matches("<polyline").count() >= 3, "two lines and a mark: {svg}");
            assert_eq!(plot.words(), "Echoes. p50: at most 2.00 ms; p99: at most 30.00 ms");
        }
    }

    #[test]
    fn a_plot_of_nothing_is_empty_but_no_error() {
        let plot = Plot {
            title: "",
            unit: "",
            across: "",
            lines: vec![Line::new("none", std::iter::empty())],
            marks: vec![],
            is_logarithmic: true,
        };
        assert!(plot.is_empty());
        let lone = Line::new("one", std::iter::once((0.0, 0.0)));
        assert!(Plot { lines: vec![lone], ..plot }.svg().is_ok());
    }
}
