//! The Markdown, rendered by GitHub's own library.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use tests::{
    golden::{NAMES, recording, tainted},
    needs,
};
use tracer::{model::Recording, render};

const ROWS: usize = 10;

/// What GitHub takes for a comment.
const LONGEST: usize = 65_536;

fn markdown(recording: &Recording) -> String {
    render::markdown(recording, ROWS)
}

/// The page, with raw HTML let through, as GitHub does before it removes what is dangerous.
fn html(markdown: &str) -> String {
    let mut command = Command::new("cmark-gfm");
    command.args(["--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink", "-e", "tasklist"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = markdown.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Its elements' tags in order, and its text with a mark between elements.
fn taken_apart(html: &str) -> (Vec<String>, String) {
    let (mut tags, mut text) = (Vec::new(), String::new());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text += before;
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").expect("a comment ends").1;
            continue;
        }
        let (tag, behind) = after.split_once('>').expect("a tag ends");
        tags.push(tag.to_owned());
        text.push('\u{1}');
        rest = behind;
    }
    text += rest;
    (tags, decoded(&text))
}

/// The text with each character reference read once.
fn decoded(html: &str) -> String {
    let mut pieces = html.split('&');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (reference, rest) = piece.split_once(';').expect("a reference ends");
        let c = match reference {
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "amp" => '&',
            number => {
                let number = number.strip_prefix('#').unwrap_or_else(|| panic!("&{number}; is not known"));
                char::from_u32(number.parse().expect("a decimal number")).expect("a character")
            }
        };
        text.push(c);
        text += rest;
    }
    text
}

#[test]
fn the_verdict_comes_first_and_the_tables_hold_the_figures() {
    let _machine = needs!(CmarkGfm);
    let (tags, text) = taken_apart(&html(&markdown(&recording("blocked"))));
    assert_eq!(tags[0], "h3");
    let text = text.replace('\u{1}', "|");
    assert!(text.trim_start_matches('|').starts_with("tracer: |BLOCKED ON DISK|: 1 of 2 event loops"), "{text}");
    for cell in ["|sendfile|", "|6,293|", "|7 (0.11 %)|", "|36.8 ms|", "|1,284|", "|10.2.3.4:51234|", "|34.5 ms|"] {
        assert!(text.contains(cell), "{cell} is not in\n{text}");
    }
    assert_eq!(tags.iter().filter(|tag| *tag == "details").count(), 3, "{tags:?}");
    assert_eq!(tags.iter().filter(|tag| *tag == "/details").count(), 3, "{tags:?}");
    assert_eq!(tags.iter().filter(|tag| *tag == "table").count(), 8, "{tags:?}");
}

#[test]
fn losses_and_what_was_not_seen_are_not_folded_away() {
    let text = markdown(&recording("inconclusive"));
    let (visible, _) = text.split_once("<details>").unwrap();
    for words in
        ["**inconclusive**", "**lost** 12 calls", "**unseen** disk waits", "**missed** sendfile: 12", "| unknown |"]
    {
        assert!(visible.contains(words), "{words} is not in\n{visible}");
    }
    let (visible, _) = text.split_once("<details>").unwrap();
    assert!(!visible.contains("nothing lost"), "{visible}");
    assert!(
        markdown(&recording("blocked")).split_once("<details>").unwrap().0.contains("nothing missed, nothing lost")
    );
}

/// Markup of every kind, as it must not be understood.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</details></summary></code></td></table>-->",
    "[x](javascript:alert(1)) ![i](http://a.example/b.png) [r]: y",
    "| a | b \\| c \\\\| d |",
    "**b** __c__ ~~d~~ _e_ *f*",
    "``` `a` ``b`` `",
    "\n\n# h\n\n- [ ] x\n> y\n\n---\n",
    "http://evil.example www.evil.example ftp://x.example a@evil.example mailto:a@b.example",
    "&lt;b&gt; &#60; &amp;amp; &copy",
    "ends with a backslash\\",
    "ends with a backtick`",
    " :tada: @everyone #1 GH-1 $x$ $$y$$ ",
];

#[test]
fn no_string_of_a_recording_is_understood_as_markup() {
    let _machine = needs!(CmarkGfm);
    for name in NAMES {
        let (harmless, _) = taken_apart(&html(&markdown(&tainted(name, " harmless"))));
        for hostile in HOSTILE {
            let (tags, text) = taken_apart(&html(&markdown(&tainted(name, hostile))));
            assert_eq!(tags, harmless, "{name}: {hostile}");
            // Line ends and the like are shown as what they are.
            let shown = tracer::escape::escape(hostile);
            assert!(text.contains(shown.trim()), "{name}: {shown} is not in\n{text}");
        }
    }
}

#[test]
fn nobody_is_mentioned_and_nothing_is_linked() {
    for name in NAMES {
        let page = markdown(&tainted(name, " @everyone #1 $x$ :tada: www.evil.example"));
        let outside_code: String = page.split('`').step_by(2).collect();
        for words in ["@everyone", "#1 ", "$x", ":tada", "www.evil"] {
            assert!(!outside_code.contains(words), "{name}: {words} is in\n{outside_code}");
        }
    }
}

#[test]
fn a_page_that_would_be_too_long_says_what_was_left_out() {
    let mut many = tainted("many-threads", &"\\*[x](y)|".repeat(2000));
    let one = many.syscalls[0].clone();
    many.syscalls = (0..60)
        .map(|number| {
            let mut syscall = one.clone();
            syscall.name = format!("call{number}{}", one.name);
            syscall
        })
        .collect();
    let page = markdown(&many);
    assert!(page.len() <= LONGEST, "{}", page.len());
    assert!(page.starts_with("### tracer") && page.ends_with("more._\n"), "{}", &page[page.len() - 600..]);
    assert!(page.contains("Left out, as a comment has at most 65,536 characters: "), "{}", page.len());
    // Nothing is cut in its middle.
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
}

#[test]
fn every_recording_fits_with_room_to_spare() {
    for name in NAMES {
        let page = markdown(&recording(name));
        assert!(page.len() < LONGEST / 4 && !page.contains("Left out"), "{name}: {}", page.len());
    }
}
