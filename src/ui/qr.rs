//! QR codes for the terminal and as PNG.

use crate::error::{Context, ErrorKind, Result};

/// White margin around the code, in modules, as the standard asks.
const MARGIN: usize = 4;
/// Pixels of one module in a PNG.
const SCALE: usize = 8;

/// The code's modules with the margin, row by row; `true` is dark.
fn modules(content: &str) -> Result<Vec<Vec<bool>>> {
    let code = fast_qr::QRBuilder::new(content)
        .ecl(fast_qr::ECL::L)
        .build()
        .map_err(|error| format!("{error:?}"))
        .context(ErrorKind::Unexpected, || "the QR code's content does not fit".into())?;
    let size = code.size + 2 * MARGIN;
    let mut rows = vec![vec![false; size]; size];
    for row in 0..code.size {
        for column in 0..code.size {
            rows[row + MARGIN][column + MARGIN] = code[row][column].value();
        }
    }
    Ok(rows)
}

/// Two rows of modules on each line of text. Dark on light whatever the terminal's colours are,
/// since phones do not read inverted codes reliably.
pub fn text(content: &str) -> Result<String> {
    let rows = modules(content)?;
    let mut text = String::new();
    for pair in rows.chunks(2) {
        text.push_str("\u{1b}[38;5;16;48;5;231m");
        for column in 0..pair[0].len() {
            let upper = pair[0][column];
            let lower = pair.get(1).is_some_and(|row| row[column]);
            text.push(match (upper, lower) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text.push_str("\u{1b}[0m\n");
    }
    Ok(text)
}

/// The code as a grey-scale PNG file's bytes.
pub fn png(content: &str) -> Result<Vec<u8>> {
    let rows = modules(content)?;
    let side = rows.len() * SCALE;
    let mut pixels = Vec::with_capacity(side * side);
    for row in &rows {
        let line: Vec<u8> = row.iter().flat_map(|dark| [if *dark { 0 } else { 255 }; SCALE]).collect();
        for _ in 0..SCALE {
            pixels.extend_from_slice(&line);
        }
    }
    let mut bytes = Vec::new();
    // A QR code has at most 177 modules a side.
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels))
        .while_doing(|| "cannot encode the QR code as PNG".into())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_pairing_code_fits() {
        let content = format!("2@{},{},{},{},1", "r".repeat(100), "n".repeat(44), "i".repeat(44), "a".repeat(44));
        assert!(super::text(&content).unwrap().lines().count() > 20);
        assert_eq!(&super::png(&content).unwrap()[1..4], b"PNG");
        assert!(super::text(&"x".repeat(9000)).is_err());
    }
}
