//! A screen of text with colours as a picture: what a program printed, or what tmux captured (`capture-pane -e -p`).

use anstyle::{Color, RgbColor};
use anstyle_svg::{Palette, Term};

/// Colours of a terminal.
pub struct Scheme {
    /// What the picture is called.
    pub name: &'static str,
    background: RgbColor,
    text: RgbColor,
    /// Black, red, green, yellow, blue, magenta, cyan, white; then the same bright.
    palette: [RgbColor; 16],
}

/// GitHub's own, so that a picture does not stand out from its page.
pub const SCHEMES: [Scheme; 2] = [
    Scheme {
        name: "light",
        background: rgb(0xf6_f8fa),
        text: rgb(0x1f_2328),
        palette: [
            rgb(0x24_292f),
            rgb(0xcf_222e),
            rgb(0x11_6329),
            rgb(0x7d_4e00),
            rgb(0x09_69da),
            rgb(0x82_50df),
            rgb(0x1b_7c83),
            rgb(0x6e_7781),
            rgb(0x57_606a),
            rgb(0xa4_0e26),
            rgb(0x1a_7f37),
            rgb(0x63_3c01),
            rgb(0x21_8bff),
            rgb(0xa4_75f9),
            rgb(0x31_92aa),
            rgb(0x8c_959f),
        ],
    },
    Scheme {
        name: "dark",
        background: rgb(0x16_1b22),
        text: rgb(0xe6_edf3),
        palette: [
            rgb(0x48_4f58),
            rgb(0xff_7b72),
            rgb(0x3f_b950),
            rgb(0xd2_9922),
            rgb(0x58_a6ff),
            rgb(0xbc_8cff),
            rgb(0x39_c5cf),
            rgb(0xb1_bac4),
            rgb(0x6e_7681),
            rgb(0xff_a198),
            rgb(0x56_d364),
            rgb(0xe3_b341),
            rgb(0x79_c0ff),
            rgb(0xd2_a8ff),
            rgb(0x56_d4dd),
            rgb(0xff_ffff),
        ],
    },
];

const fn rgb(number: u32) -> RgbColor {
    let [_, red, green, blue] = number.to_be_bytes();
    RgbColor(red, green, blue)
}

/// The screen as SVG, in the width of the text.
pub fn svg(screen: &str, scheme: &Scheme) -> String {
    let term = Term::new()
        .palette(Palette(scheme.palette))
        .fg_color(Color::Rgb(scheme.text))
        .bg_color(Color::Rgb(scheme.background))
        .min_width_px(0);
    term.render_svg(screen.trim_end())
}
