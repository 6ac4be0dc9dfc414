//! A bar on the terminal while something long is worked through: one line on stderr, which is drawn
//! over again and gone before anything else is written. Start with [`draw`].

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::terminal::{safe, watched};
use crate::clock;
use crate::report;

/// Columns that the bar takes at this time; 0 when there is none.
static DRAWN: AtomicUsize = AtomicUsize::new(0);

const BAR_COLUMNS: usize = 24;
const BAR_COLUMNS_MIN: usize = 8;
/// Of a terminal that does not say how wide it is.
const COLUMNS: usize = 80;

/// Draws the bar in the place of the last one, if a person watches.
pub fn draw(what: &str, done: u64, total: Option<u64>, per_second: u64, left_seconds: Option<u64>) {
    if !watched() {
        return;
    }
    let columns = match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => COLUMNS,
    };
    // The last column stays free: a terminal may go on to the next line after it.
    let line = line(&safe(what), done, total, per_second, left_seconds, columns - 1);
    let width = line.chars().count();
    let before = DRAWN.swap(width, Ordering::Relaxed);
    let mut stderr = anstream::stderr().lock();
    // A terminal that went away is no reason to stop working. Spaces instead of an escape sequence:
    // they are understood by every terminal.
    let _ = write!(stderr, "\r{line}{}", " ".repeat(before.saturating_sub(width))).and_then(|()| stderr.flush());
}

/// Takes the bar away, if there is one.
pub fn clear() {
    let width = DRAWN.swap(0, Ordering::Relaxed);
    if width > 0 {
        let mut stderr = anstream::stderr().lock();
        let _ = write!(stderr, "\r{}\r", " ".repeat(width)).and_then(|()| stderr.flush());
    }
}

/// The line, of at most so many columns. What does not fit is left out, the least wanted first: the
/// bar, then the start of what is done.
fn line(what: &str, done: u64, total: Option<u64>, per_second: u64, left_seconds: Option<u64>, columns: usize) -> String {
    let total = total.filter(|total| *total > 0);
    // A share of something, of at most that much.
    let share = |of: u64| total.map(|total| (u128::from(done.min(total)) * u128::from(of) / u128::from(total)) as usize);
    let percent = share(100).map(|percent| format!("  {percent:>3} %")).unwrap_or_default();
    let mut numbers = match total {
        Some(total) => format!("  {} of {}", report::size(done), report::size(total)),
        None => format!("  {}", report::size(done)),
    };
    numbers.push_str(&format!("  {}/s", report::size(per_second)));
    if let Some(seconds) = left_seconds {
        numbers.push_str(&format!("  {} left", clock::human(std::time::Duration::from_secs(seconds.max(1)))));
    }
    let room = columns.saturating_sub([what, &percent, &numbers].map(|part| part.chars().count()).iter().sum());
    let bar = match room.saturating_sub("  []".len()).min(BAR_COLUMNS) {
        0..BAR_COLUMNS_MIN => String::new(),
        width => {
            share(width as u64).map(|full| format!("  [{}{}]", "#".repeat(full), ".".repeat(width - full))).unwrap_or_default()
        }
    };
    let rest = format!("{percent}{bar}{numbers}");
    let line = format!("{what}{rest}");
    if line.chars().count() <= columns {
        return line;
    }
    // A long path says least at its start.
    let room = columns.saturating_sub(rest.chars().count() + 1);
    let kept: Vec<char> = what.chars().rev().take(room).collect();
    format!("…{}{rest}", kept.into_iter().rev().collect::<String>()).chars().take(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_how_far_it_is_and_fits() {
        let (done, total) = (256 << 20, Some(1 << 30));
        assert_eq!(
            line("archiving", done, total, 128 << 20, Some(6), 100),
            "archiving   25 %  [######..................]  256.0 MiB of 1.0 GiB  128.0 MiB/s  6 s left"
        );
        assert_eq!(line("x", done, None, 1024, None, 100), "x  256.0 MiB  1.0 KiB/s");
        assert_eq!(
            line("x", 7, Some(7), 0, Some(0), 100),
            format!("x  100 %  [{}]  7 bytes of 7 bytes  0 bytes/s  1 s left", "#".repeat(24))
        );
        let path = "reading /a/very/long/path/to/some/archive.wpp.tar.gz";
        let narrow = line("archiving", done, total, 128 << 20, Some(6), 73);
        assert_eq!(narrow, "archiving   25 %  [##......]  256.0 MiB of 1.0 GiB  128.0 MiB/s  6 s left");
        let fitted = line(path, done, total, 128 << 20, Some(6), 80);
        assert!(fitted.chars().count() == 80 && fitted.contains("archive.wpp.tar.gz  ") && fitted.ends_with("left"), "{fitted}");
        for columns in 0..120 {
            assert!(line(path, done, total, 128 << 20, Some(6), columns).chars().count() <= columns);
        }
    }
}
