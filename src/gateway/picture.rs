//! QR codes that gateways show as pictures: what the code holds is read back from the picture, so that
//! it can be drawn as every other code is. Start with [`png`] and [`text`].

use base64::Engine as _;

/// The largest picture, in bytes, and in pixels of a side: the largest code has 177 modules on one.
const BYTES_MAX: usize = 1 << 20;
const SIDE_MAX: u32 = 2048;
/// A code is as wide as high. One with some words beside or below it is not much longer.
const LONGER_MAX: u32 = 3;
/// Pictures are brought to this width at least: a module of one or two pixels is too small to be found.
const SIDE_READABLE: usize = 480;

/// The file in a `data:image/png;base64,…` address.
///
/// # Errors
/// Why it is none, in words.
pub fn png(address: &str) -> Result<Vec<u8>, String> {
    let (kind, data) = address.split_once(',').ok_or("it is no data address")?;
    let kind = kind.trim_end_matches(' ').to_ascii_lowercase();
    if !kind.starts_with("data:image/png") || !kind.ends_with(";base64") {
        return Err("it is no PNG in base64".into());
    }
    if data.len() > BYTES_MAX {
        return Err("it is too large".into());
    }
    let plain: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(plain).map_err(|_| "it is no base64")?;
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err("it is no PNG".into());
    }
    Ok(bytes)
}

/// What the one QR code in a PNG file holds.
///
/// # Errors
/// Why it cannot be read, in words.
pub fn text(png: &[u8]) -> Result<String, String> {
    let (width, height, grey) = grey(png)?;
    let factor = SIDE_READABLE.div_ceil(width.min(height).max(1)).max(1);
    // The standard's margin, which not every picture has.
    let margin = 4 * width.max(height).div_ceil(40) * factor;
    let (wide, high) = (width * factor + 2 * margin, height * factor + 2 * margin);
    // Some are light on dark, for dark screens.
    for inverted in [false, true] {
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(wide, high, |x, y| {
            let place = |at: usize, length: usize| at.checked_sub(margin).map(|at| at / factor).filter(|at| *at < length);
            match (place(x, width), place(y, height)) {
                (Some(x), Some(y)) => grey[y * width + x] ^ if inverted { 0xff } else { 0 },
                _ => 0xff,
            }
        });
        for grid in picture.detect_grids() {
            if let Ok((_, text)) = grid.decode() {
                return Ok(text);
            }
        }
    }
    Err("no QR code was found in it".into())
}

/// Width, height and one byte for each pixel, dark to light, as on white paper.
fn grey(png: &[u8]) -> Result<(usize, usize, Vec<u8>), String> {
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(png), png::Limits { bytes: 64 << 20 });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| format!("it is a broken PNG: {error}"))?;
    let (width, height) = (reader.info().width, reader.info().height);
    let (longer, shorter) = (width.max(height), width.min(height));
    if longer > SIDE_MAX || longer > LONGER_MAX.saturating_mul(shorter) {
        return Err(format!("it is {width} by {height} pixels, which is no QR code"));
    }
    let size = reader.output_buffer_size().ok_or("it is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|error| format!("it is a broken PNG: {error}"))?;
    let samples = frame.color_type.samples();
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        // At most 255.
        u8::try_from((value * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255)
    };
    let mean = |parts: &[u8]| {
        let sum: u32 = parts.iter().map(|part| u32::from(*part)).sum();
        u8::try_from(sum / 3).unwrap_or(255)
    };
    let grey: Vec<u8> = pixels[..frame.buffer_size()]
        .chunks_exact(samples)
        .map(|pixel| match pixel {
            [value] => *value,
            [value, alpha] => on_white(*value, *alpha),
            [red, green, blue] => mean(&[*red, *green, *blue]),
            [red, green, blue, alpha] => on_white(mean(&[*red, *green, *blue]), *alpha),
            _ => 255,
        })
        .collect();
    let (width, height) = (frame.width as usize, frame.height as usize);
    if grey.len() != width * height || grey.is_empty() {
        return Err("it has not as many pixels as it says".into());
    }
    Ok((width, height, grey))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of a QR code as servers make them: so many pixels a module, so many modules of margin.
    fn picture(text: &str, scale: usize, margin: usize, inverted: bool, colour: png::ColorType) -> Vec<u8> {
        let code = fast_qr::QRBuilder::new(text).build().unwrap();
        let side = (code.size + 2 * margin) * scale;
        let mut pixels = Vec::new();
        for y in 0..side {
            for x in 0..side {
                let module = |at: usize| (at / scale).checked_sub(margin).filter(|at| *at < code.size);
                let dark = matches!((module(x), module(y)), (Some(x), Some(y)) if code[y][x].value());
                let value = if dark == inverted { 255 } else { 0 };
                match colour {
                    png::ColorType::Grayscale => pixels.push(value),
                    _ if dark => pixels.extend([value, value, value, 255]),
                    // Nothing is painted where it is light.
                    _ => pixels.extend([0, 0, 0, 0]),
                }
            }
        }
        let mut bytes = Vec::new();
        let side = u32::try_from(side).unwrap();
        let mut encoder = png::Encoder::new(&mut bytes, side, side);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        bytes
    }

    const CODE: &str = "2@pYnF0rXk4mRzq7oGq0oOe0S2mYwJ1c9QK0n3vQyq5m0v2b7j8x9z,aGVsbG8=,d29ybGQ=,Zm9v,1";

    #[test]
    fn what_a_picture_of_a_code_holds_is_read_back() {
        for (scale, margin, inverted, colour) in [
            (4, 4, false, png::ColorType::Grayscale),
            (1, 0, false, png::ColorType::Grayscale),
            (7, 1, true, png::ColorType::Grayscale),
            (3, 2, false, png::ColorType::Rgba),
        ] {
            let bytes = picture(CODE, scale, margin, inverted, colour);
            assert_eq!(text(&bytes).as_deref(), Ok(CODE), "{scale} {margin} {inverted} {colour:?}");
            let address = format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(&bytes));
            assert_eq!(png(&address), Ok(bytes));
        }
    }

    #[test]
    fn what_is_no_picture_of_a_code_is_told() {
        for (address, why) in [
            ("", "no data address"),
            ("data:image/png;base64,iVBORw0KGgo=", ""),
            ("data:image/png;base64,iVBOR", "no base64"),
            ("data:image/png;base64,aGVsbG8=", "no PNG"),
            ("data:image/jpeg;base64,aGVsbG8=", "no PNG in base64"),
        ] {
            match png(address) {
                Ok(bytes) => assert!(text(&bytes).unwrap_err().contains("broken PNG") && why.is_empty()),
                Err(error) => assert!(error.contains(why) && !why.is_empty(), "{address}: {error}"),
            }
        }
        // A few bytes that would become a picture of gigabytes.
        for (width, height) in [(4096, 1), (1, 2048), (2048, 600), (4096, 4096)] {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, width, height);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header().unwrap().write_image_data(&vec![255; (width * height) as usize]).unwrap();
            assert!(text(&bytes).unwrap_err().contains("no QR code"), "{width} by {height}");
        }
        let whole = picture(CODE, 4, 4, false, png::ColorType::Grayscale);
        assert!(text(&whole[..whole.len() / 2]).is_err());
        // Pictures that look somewhat like a code.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..40 {
            let code = fast_qr::QRBuilder::new(CODE).build().unwrap();
            let side = code.size * 4;
            let pixels: Vec<u8> = (0..side * side)
                .map(|at| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    let dark = code[at / side / 4][at % side / 4].value() != (state % 100 < round);
                    if dark { 0 } else { 255 }
                })
                .collect();
            let mut bytes = Vec::new();
            let length = u32::try_from(side).unwrap();
            let mut encoder = png::Encoder::new(&mut bytes, length, length);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
            if let Ok(read) = text(&bytes) {
                assert_eq!(read, CODE);
            }
        }
    }
}
