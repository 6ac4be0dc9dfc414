//! A plot for the terminal: braille where the terminal speaks UTF-8, plain signs where it does not. No colour
//! is used. Start with [`draw`].

use super::html::Series;
use crate::clock;

/// Lines that a plot has.
const ROWS: usize = 8;
/// Columns that it never has less or more of.
const COLUMNS: (usize, usize) = (20, 72);

/// What a plot is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// Two by four dots in each character.
    Braille,
    /// One star in each character.
    Plain,
}

impl Marks {
    /// What the environment's locale can show. The first of these variables that is set decides.
    pub fn of_environment() -> Marks {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Marks::of_locale(["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).as_deref())
    }

    fn of_locale(locale: Option<&str>) -> Marks {
        match locale.map(str::to_ascii_lowercase) {
            Some(locale) if locale.contains("utf-8") || locale.contains("utf8") => Marks::Braille,
            _ => Marks::Plain,
        }
    }

    /// Dots in one character, across and down.
    fn dots(self) -> (usize, usize) {
        match self {
            Marks::Braille => (2, 4),
            Marks::Plain => (1, 1),
        }
    }
}

/// Columns of the terminal that the result goes to; 80 where it is none.
pub fn terminal_columns() -> usize {
    super::wrap::columns(&std::io::stdout()).unwrap_or(80)
}

/// The lines of a plot in so many columns; none when there are less than two points, or no time between them.
pub fn draw(series: &Series, columns: usize, marks: Marks) -> Vec<String> {
    let (Some(first), Some(last)) = (series.points.first(), series.points.last()) else { return Vec::new() };
    let (begin, end) = (first.0.as_millisecond(), last.0.as_millisecond());
    if end <= begin {
        return Vec::new();
    }
    let values = series.points.iter().map(|point| point.1);
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    let (top, bottom) = (series.unit.show(most), series.unit.show(least));
    let margin = top.chars().count().max(bottom.chars().count());
    let columns = columns.saturating_sub(margin + 4).clamp(COLUMNS.0, COLUMNS.1);
    let (across, down) = marks.dots();
    let (width, height) = (columns * across, ROWS * down);
    let place = |value: f64| {
        // What never changes is a line in the middle.
        let up = if most > least { (value - least) / (most - least) } else { 0.5 };
        ((1.0 - up) * (height - 1) as f64).round() as usize
    };
    // In each column of dots from the lowest to the highest value there; what lies between is joined.
    let mut grid = vec![vec![false; width]; height];
    let mut before: Option<(usize, usize)> = None;
    for (at, value) in &series.points {
        let along = (at.as_millisecond() - begin) as f64 / (end - begin) as f64;
        let (x, y) = ((along * (width - 1) as f64).round() as usize, place(*value));
        match before {
            Some((x0, y0)) => line(&mut grid, (x0, y0), (x, y)),
            None => grid[y][x] = true,
        }
        before = Some((x, y));
    }
    let mut lines: Vec<String> = (0..ROWS)
        .map(|row| {
            let label = match row {
                0 => top.as_str(),
                _ if row == ROWS - 1 => bottom.as_str(),
                _ => "",
            };
            let drawn: String = (0..columns).map(|column| character(&grid, row, column, marks)).collect();
            let axis = if marks == Marks::Braille { '│' } else { '|' };
            format!("{label:>margin$} {axis}{}", drawn.trim_end())
        })
        .collect();
    let day = |at_ms: i64| clock::rfc3339(clock::from_ms(at_ms)).replace('T', " ").chars().take(16).collect::<String>();
    let (from, to) = (day(begin), day(end));
    lines.push(format!("{:margin$}  {from}{:>width$}", "", to, width = columns.saturating_sub(from.len()).max(to.len() + 1)));
    lines
}

fn line(grid: &mut [Vec<bool>], from: (usize, usize), to: (usize, usize)) {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    for step in 0..=steps {
        let part = step as f64 / steps as f64;
        let between = |a: usize, b: usize| (b as f64 - a as f64).mul_add(part, a as f64).round() as usize;
        grid[between(from.1, to.1)][between(from.0, to.0)] = true;
    }
}

fn character(grid: &[Vec<bool>], row: usize, column: usize, marks: Marks) -> char {
    match marks {
        Marks::Plain => {
            if grid[row][column] {
                '*'
            } else {
                ' '
            }
        }
        Marks::Braille => {
            // The order in which Unicode counts the dots: down the left, down the right, then the lowest two.
            const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
            let mut bits = 0;
            for (y, pair) in BITS.iter().enumerate() {
                for (x, bit) in pair.iter().enumerate() {
                    if grid[row * 4 + y][column * 2 + x] {
                        bits |= bit;
                    }
                }
            }
            if bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or('*') }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::html::Unit;
    use super::*;

    fn series(points: &[(i64, f64)]) -> Series {
        Series {
            title: "x".into(),
            points: points.iter().map(|(hour, value)| (clock::from_ms(hour * 3_600_000), *value)).collect(),
            unit: Unit::Bytes,
            from_zero: false,
        }
    }

    #[test]
    fn a_rising_line_goes_from_the_lower_left_to_the_upper_right() {
        for marks in [Marks::Plain, Marks::Braille] {
            let lines = draw(&series(&[(0, 0.0), (48, 1024.0)]), 60, marks);
            assert_eq!(lines.len(), ROWS + 1);
            assert!(lines[0].starts_with(" 1.0 KiB") && lines[ROWS - 1].starts_with(" 0 bytes") || lines[0].contains("1.0 KiB"));
            let drawn = |line: &String| line.chars().position(|c| c == '*' || ('\u{2800}'..='\u{28ff}').contains(&c)).unwrap();
            assert!(drawn(&lines[0]) > drawn(&lines[ROWS - 1]), "{lines:#?}");
            assert!(lines[ROWS].contains("1970-01-01 00:00") && lines[ROWS].contains("1970-01-03 00:00"), "{lines:#?}");
            assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
            assert_eq!(marks == Marks::Plain, lines.iter().all(|line| line.is_ascii()));
        }
    }

    #[test]
    fn nothing_is_drawn_of_one_point_and_a_constant_is_a_line() {
        assert!(draw(&series(&[]), 60, Marks::Plain).is_empty());
        assert!(draw(&series(&[(1, 5.0)]), 60, Marks::Plain).is_empty());
        assert!(draw(&series(&[(1, 5.0), (1, 6.0)]), 60, Marks::Plain).is_empty());
        let lines = draw(&series(&[(0, 5.0), (9, 5.0)]), 60, Marks::Plain);
        assert_eq!(lines.iter().filter(|line| line.contains('*')).count(), 1, "{lines:#?}");
        // A terminal of no width, and one far too wide.
        assert!(!draw(&series(&[(0, 5.0), (9, 6.0)]), 0, Marks::Braille).is_empty());
        assert!(draw(&series(&[(0, 5.0), (9, 6.0)]), 9999, Marks::Plain)[0].len() < 100);
    }

    #[test]
    fn the_locale_says_what_can_be_shown() {
        for (locale, marks) in [
            (Some("en_US.UTF-8"), Marks::Braille),
            (Some("C.utf8"), Marks::Braille),
            (Some("C"), Marks::Plain),
            (Some("de_DE.ISO-8859-1"), Marks::Plain),
            (None, Marks::Plain),
        ] {
            assert_eq!(Marks::of_locale(locale), marks, "{locale:?}");
        }
    }
}
