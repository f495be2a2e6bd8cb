//! Plots as PNG, for where SVG cannot be shown.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::store::Folder;

/// Pixels per unit of the drawing: sharp on a screen of twice the usual density.
const SCALE: f32 = 2.0;

/// What a drawing's own families fall back to, in this order.
const FAMILIES: [&str; 8] =
    ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Segoe UI", "FreeSans", "Ubuntu"];

/// Writes each drawing, a path ending in `.svg` and its text, beside it.
///
/// # Errors
/// When this machine has no font: letters would be missing.
pub fn save(folder: &Folder, drawings: &[(String, String)]) -> Result<(), String> {
    let options = options()?;
    for (file, svg) in drawings {
        let png = file.replace(".svg", ".png");
        let bytes = draw(svg, &options).map_err(|error| format!("{png}: {error}"))?;
        folder.write(&png, bytes).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn options() -> Result<Options<'static>, String> {
    let mut fonts = fontdb::Database::new();
    fonts.load_system_fonts();
    let has = |name: &str| fonts.faces().any(|face| face.families.iter().any(|(family, _)| family == name));
    let usual = FAMILIES.iter().find(|name| has(name)).map(|name| (*name).to_owned());
    let any = || fonts.faces().next().and_then(|face| Some(face.families.first()?.0.clone()));
    let Some(family) = usual.or_else(any) else {
        return Err("--png needs a font, and this machine has none; install one, as with \
                    `apt-get install fonts-dejavu-core` or `apk add font-dejavu`. The plots are there as SVG"
            .to_owned());
    };
    fonts.set_sans_serif_family(&family);
    Ok(Options { font_family: family, fontdb: Arc::new(fonts), ..Options::default() })
}

fn draw(svg: &str, options: &Options<'_>) -> Result<Vec<u8>, String> {
    let tree = Tree::from_str(svg, options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("it is too large")?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("it is too large")?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::plots::PLOTS;

    /// Words are drawn, and not left out for want of their font.
    #[test]
    fn a_drawing_becomes_pixels_or_the_missing_font_is_named() {
        let options = match options() {
            Ok(options) => options,
            Err(said) => return assert!(said.contains("install"), "{said}"),
        };
        let dark = |svg: &str| {
            let png = draw(svg, &options).unwrap();
            assert_eq!(&png[1..4], b"PNG");
            let pixels = Pixmap::decode_png(&png).unwrap();
            pixels.pixels().iter().filter(|pixel| pixel.alpha() > 128 && pixel.red() < 128).count()
        };
        let svg = (PLOTS[0].draw)(&fixture::congested().report());
        assert!(dark(&svg) > 1_000, "{} dark pixels", dark(&svg));
        let word = |text: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"40\">\
                 <text x=\"5\" y=\"30\" font-size=\"30\" font-family=\"system-ui, sans-serif\">{text}</text></svg>"
            )
        };
        assert!(dark(&word("bedbench")) > 200 && dark(&word("")) == 0);
    }
}
