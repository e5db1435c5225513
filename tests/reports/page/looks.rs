//! How the page looks: pictures to be looked at, and what can be checked of it.

use std::{fs, path::PathBuf};

use serde_json::json;
use tests::browser::Browser;

use super::recordings::{golden, over_time, page};

/// Where pictures are kept.
pub fn artifacts() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/artifacts/page");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}

#[test]
fn pictures_in_light_in_dark_and_in_print_are_kept() {
    let Some(mut browser) = Browser::start("pictures_in_light_in_dark_and_in_print_are_kept") else { return };
    let mut recordings: Vec<_> = ["blocked", "inconclusive", "several-calls"].map(|name| (name, golden(name))).into();
    recordings.push(("over-time", over_time(60)));
    for (name, recording) in recordings {
        fs::write(artifacts().join(format!("{name}.html")), page(&recording)).unwrap();
        browser.show_text(&page(&recording));
        for (medium, scheme) in [("screen", "light"), ("screen", "dark"), ("print", "light")] {
            browser.media(medium, scheme);
            let kind = if medium == "print" { medium } else { scheme };
            let picture = browser.screenshot();
            assert!(picture.starts_with(b"\x89PNG"), "{name}: no picture");
            fs::write(artifacts().join(format!("{name}.{kind}.png")), picture).unwrap();
        }
    }
}

/// The lowest contrast of any text with what is behind it (WCAG 2.2, 1.4.3), and the text.
pub const CONTRAST: &str = r"(() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (c) => c.match(/[\d.]+/g).map(Number);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] === 1) return c;
      if (c[3] !== 0) throw new Error('a background that shines through: ' + e.outerHTML.slice(0, 80));
    }
    throw new Error('the page has no background');
  };
  let worst = [99, ''], seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (walker.currentNode.textContent.trim() === '' || /^(script|title|desc)$/i.test(e.tagName)) continue;
    const style = getComputedStyle(e);
    const [a, b] = [parse(e instanceof SVGElement ? style.fill : style.color), behind(e)].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (contrast < worst[0]) worst = [contrast, walker.currentNode.textContent];
  }
  return [worst[0], worst[1], seen];
})()";

#[test]
fn all_text_is_easy_to_read_in_light_in_dark_and_on_paper() {
    let Some(mut browser) = Browser::start("all_text_is_easy_to_read_in_light_in_dark_and_on_paper") else { return };
    for name in ["blocked", "clear", "inconclusive", "several-calls"] {
        browser.show_text(&page(&golden(name)));
        for (medium, scheme) in [("screen", "light"), ("screen", "dark"), ("print", "light"), ("print", "dark")] {
            browser.media(medium, scheme);
            let found = browser.evaluate(CONTRAST);
            let (contrast, text, seen) = (found[0].as_f64().unwrap(), &found[1], found[2].as_u64().unwrap());
            assert!(contrast >= 4.5, "{name} in {medium}, {scheme}: {text} has a contrast of {contrast}");
            assert!(seen > 100, "{name}: only {seen} texts were looked at");
        }
    }
    browser.media("screen", "light");
    let light = browser.evaluate("getComputedStyle(document.body).backgroundColor");
    browser.media("screen", "dark");
    assert_ne!(browser.evaluate("getComputedStyle(document.body).backgroundColor"), light);
}

#[test]
fn those_who_do_not_see_it_hear_what_it_is() {
    let Some(mut browser) = Browser::start("those_who_do_not_see_it_hear_what_it_is") else { return };
    browser.show_text(&page(&over_time(10)));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes: Vec<_> = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false).collect();
    let of_role = |role: &str| -> Vec<_> { nodes.iter().filter(|node| node["role"]["value"] == role).collect() };
    for landmark in ["main", "banner", "navigation", "contentinfo"] {
        assert_eq!(of_role(landmark).len(), 1, "{landmark}");
    }
    for role in ["table", "image", "textbox", "searchbox", "button", "link", "region"] {
        for node in of_role(role) {
            let name = node["name"]["value"].as_str().unwrap_or_default();
            assert!(!name.trim().is_empty(), "a {role} without a name: {node}");
        }
    }
    assert_eq!((of_role("heading").len() > 10, of_role("table").len() >= 9), (true, true));
    // Three charts, each with words for what is to be seen.
    let images = of_role("image");
    assert_eq!(images.len(), 3, "{images:?}");
    for image in images {
        let description = image["description"]["value"].as_str().unwrap_or_default();
        let name = image["name"]["value"].as_str().unwrap_or_default();
        assert!(description.len() + name.len() > 60, "{image}");
    }
}

#[test]
fn on_paper_nothing_is_cut_off_and_nothing_can_be_pressed() {
    let Some(mut browser) = Browser::start("on_paper_nothing_is_cut_off_and_nothing_can_be_pressed") else { return };
    for (name, recording) in [("many-threads", golden("many-threads")), ("over-time", over_time(60))] {
        browser.show_text(&page(&recording));
        fs::write(artifacts().join(format!("{name}.pdf")), browser.print()).unwrap();
        browser.media("print", "light");
        browser.evaluate("dispatchEvent(new Event('beforeprint'))");
        let scrolls = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollHeight > e.clientHeight + 1 && \
                       getComputedStyle(e).overflowY !== 'visible').length";
        assert_eq!(browser.evaluate(scrolls), 0, "{name}");
        let pressed =
            "[...document.querySelectorAll('input, nav, #download, summary')].filter(e => e.offsetHeight > 0).length";
        assert_eq!(browser.evaluate(pressed), 0, "{name}");
        assert_eq!(browser.evaluate("document.querySelectorAll('details:not([open])').length"), 0, "{name}");
        browser.media("screen", "light");
    }
}

#[test]
fn a_narrow_window_scrolls_tables_and_not_the_page() {
    let Some(mut browser) = Browser::start("a_narrow_window_scrolls_tables_and_not_the_page") else { return };
    for (name, recording) in [("blocked", golden("blocked")), ("hostile-names", golden("hostile-names"))] {
        browser.show_text(&page(&recording));
        for width in [360, 800, 1280] {
            browser.width(width);
            let wide = browser.evaluate("document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide} pixels in a window of {width}");
        }
    }
}
