//! Text that somebody else chose runs nothing, hides nothing, and is seen as what it is.

use tests::{
    browser::Browser,
    golden::{NAMES, taint},
};

use super::recordings::{golden, over_time, page};

pub const ATTACKS: [&str; 6] = [
    "</script><script>document.documentElement.dataset.hit = 1; alert(1)</script>",
    "\"><img src=x onerror=\"document.documentElement.dataset.hit = 1\">",
    "' onmouseover='document.documentElement.dataset.hit=1' x='",
    "</title></style></svg></template><iframe src=\"javascript:alert(1)\"></iframe><!--",
    "]]><svg onload=alert(1)>&#60;b&#62;",
    "\u{202e}\u{2066}\u{feff}\u{0}\x1b[2J\n\r\u{2028}\u{9b}",
];

#[test]
fn hostile_text_runs_nothing_and_is_shown() {
    let Some(mut browser) = Browser::start("hostile_text_runs_nothing_and_is_shown") else { return };
    for (number, attack) in ATTACKS.into_iter().enumerate() {
        for name in ["blocked", "inconclusive", "several-calls"] {
            let mut recording = golden(name);
            taint(&mut recording, attack);
            browser.show_text(&page(&recording));
            // Sorting, filtering and hovering touch the text once more.
            browser.evaluate("document.querySelectorAll('th button').forEach(b => b.click())");
            browser.evaluate(
                "document.querySelectorAll('input').forEach(i => { i.value = '<'; i.dispatchEvent(new Event('input')); })",
            );
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}, attack {number}");
            let found = browser.evaluate(
                "[document.documentElement.dataset.hit ?? 'none', document.scripts.length, \
                 document.querySelectorAll('img, iframe, object, embed, link, base, form').length, \
                 [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || \
                 a.name === 'style' || /^javascript:/i.test(a.value))).length]",
            );
            // Its own script and the recording.
            assert_eq!(found, serde_json::json!(["none", 2, 0, 0]), "{name}, attack {number}");
            let shown = browser.evaluate("document.body.innerText");
            let visible = if number == 5 { r"\u{202e}\u{2066}\u{feff}\x00\x1b[2J\n\r\u{2028}\u{9b}" } else { attack };
            assert!(shown.as_str().unwrap().contains(visible), "{name}: attack {number} is not shown");
        }
    }
}

#[test]
fn nothing_but_printable_text_is_in_the_file() {
    for name in NAMES {
        let mut recording = golden(name);
        taint(&mut recording, ATTACKS[5]);
        let text = page(&recording);
        let odd = text.chars().find(|&c| {
            (c.is_control() && c != '\n')
                || ('\u{2000}'..='\u{200f}').contains(&c)
                || ('\u{2028}'..='\u{202f}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c)
                || c == '\u{feff}'
        });
        assert_eq!(odd, None, "{name}");
    }
}

#[test]
fn the_page_forbids_itself_everything_else() {
    let Some(mut browser) = Browser::start("the_page_forbids_itself_everything_else") else { return };
    browser.show_text(&page(&over_time(3)));
    // What an injected text would try.
    browser.evaluate(
        "(() => { const s = document.createElement('script'); s.textContent = 'document.documentElement.dataset.hit = 1'; \
         document.body.append(s); const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; \
         document.body.append(i); const d = document.createElement('div'); d.setAttribute('onclick', \
         'document.documentElement.dataset.hit = 1'); document.body.append(d); d.click(); })()",
    );
    assert_eq!(browser.evaluate("document.documentElement.dataset.hit ?? 'none'"), "none");
    let complaints = browser.complaints();
    let refused = complaints.iter().filter(|complaint| complaint.contains("Content Security Policy")).count();
    assert_eq!(refused, 3, "{complaints:?}");
}
