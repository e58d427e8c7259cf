use proptest::prelude::*;

use super::*;

fn filled(text: &str) -> String {
    Text::parse(text, Place::Script).unwrap().fill(|name| format!("<{name:?}>"))
}

fn fault(script: &str) -> (usize, usize, String) {
    let error = Script::parse(script).unwrap_err();
    (error.line, error.column, error.message)
}

#[test]
fn lines_are_chains_of_commands() {
    let script = Script::parse("say One && emote two\n\n  /echo Three").unwrap();
    let shown: Vec<Vec<String>> = script
        .lines
        .iter()
        .map(|line| {
            let text = |step: &Step| match step {
                Step::Do(text) => text.fill(|_| String::new()),
                Step::Chance { .. } => "?".into(),
            };
            line.iter().map(text).collect()
        })
        .collect();
    assert_eq!(shown, [vec!["say One", "emote two"], vec!["/echo Three"]]);
}

#[test]
fn a_choice_has_a_chance_and_one_or_two_commands() {
    let line = parse_line("[30, \"say Well, \\\"well\\\"\", emote nods] && [5, say Hm]").unwrap();
    let plain = |text: &str| Text { parts: vec![Part::Plain(text.into())] };
    assert_eq!(
        line,
        [
            Step::Chance { percent: 30, then: plain("say Well, \"well\""), otherwise: Some(plain("emote nods")) },
            Step::Chance { percent: 5, then: plain("say Hm"), otherwise: None },
        ]
    );
}

#[test]
fn names_stand_for_what_is_known() {
    assert_eq!(filled("a {{ actor }}{{actor.their}} b"), "a <Name(Actor)><Pronoun(Actor, Their)> b");
    assert_eq!(filled("{{ facts.tide }}"), "<Fact(\"tide\")>");
    assert_eq!(filled("{{ actor_marks.a-b }} {{ self_key }}"), "<Mark(\"a-b\")> <Key(Own)>");
    assert_eq!(filled("no { names } here"), "no { names } here");
    let change = Text::parse("{{ fact }}: {{ old_value }} > {{ new_value }}", Place::FactChange).unwrap();
    assert_eq!(change.variables().count(), 3);
    assert!(Text::parse("{{ actor }}", Place::FactChange).is_err(), "nobody causes the change of a fact");
    assert!(Text::parse("{{ fact }}", Place::Script).is_err());
}

#[test]
fn every_name_of_the_list_is_known_somewhere() {
    for name in parse::NAMES_FOR_TESTS {
        let text = format!("{{{{ {name} }}}}");
        let known = [Place::Script, Place::FactChange].into_iter().any(|place| Text::parse(&text, place).is_ok());
        assert!(known, "{name}");
    }
}

#[test]
fn mistakes_are_placed() {
    for (script, line, column, message) in [
        ("say a &&", 1, 9, "a command is missing"),
        ("&& say a", 1, 1, "a command is missing"),
        ("say a\nsay {{ actr }}", 2, 5, "nothing is known as `{{ actr }}`; did you mean `actor`?"),
        ("say {{ actor", 1, 5, "`{{` without `}}`"),
        ("say a && say {{ x y }}", 1, 14, "nothing is known as `{{ x y }}`"),
        ("[30, say a", 1, 1, "a `[` that does not end"),
        ("[130, say a]", 1, 2, "the chance is a whole number from 0 to 100"),
        ("[30, ]", 1, 6, "a command is missing"),
        ("[3, say a] b", 1, 12, "after `]` there is only `&&`, or nothing"),
        ("[3, \"say a\" b]", 1, 13, "after a quoted command there is `,` or `]`"),
        ("[3, say {{ nobody }}]", 1, 9, "nothing is known as `{{ nobody }}`"),
    ] {
        assert_eq!(fault(script), (line, column, message.to_owned()), "{script}");
    }
    assert!(fault("[3]").2.starts_with("a choice is"), "no command");
    assert!(fault("[3, a, b, c]").2.starts_with("a choice is"), "too many");
    assert!(fault(&"say a\n".repeat(SCRIPT_LINES_MAX + 1)).2.contains("more than 50 lines"));
    assert!(fault(&"say a && ".repeat(LINE_STEPS_MAX + 2)).2.contains("more than 32 commands"));
    assert!(fault(&format!("say {}", "a".repeat(LINE_CHARS_MAX))).2.contains("more than 2000 characters"));
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in any::<String>(), grammar in "(say|&&|\\[|\\]|,|3|\"|\\{\\{|\\}\\}|actor|facts\\.x|[ \n\\\\é]){0,60}") {
        for text in [&text, &grammar] {
            if let Ok(script) = Script::parse(text) {
                for step in script.lines.iter().flatten() {
                    if let Step::Do(text) = step {
                        let _ = text.fill(|_| String::new());
                    }
                }
            }
        }
    }
}
