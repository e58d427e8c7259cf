//! Circle's texts made ours: colour codes go, lines that were broken for a terminal flow again,
//! names become slugs.

/// Characters of a name's part of a slug.
const SLUG_NAME_MAX: usize = 40;

/// The text without colour codes: `@` and what follows it, `@@` for the character itself.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '@' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('@') => out.push('@'),
            // Extended colours: `@[F123]`.
            Some('[') => drop(chars.by_ref().find(|c| *c == ']')),
            _ => {}
        }
    }
    out
}

/// One line, single spaces.
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Paragraphs of flowing text; drawings and tables keep their lines.
pub fn flowing(text: &str) -> String {
    let text = plain(text).replace('\t', "    ");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if is_drawn(&lines) {
        return lines.join("\n").trim_matches('\n').to_owned();
    }
    let mut out = String::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let begins_paragraph = line.starts_with(' ') || words.is_empty();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push(if begins_paragraph { '\n' } else { ' ' });
        }
        out.push_str(&words.join(" "));
    }
    out.trim().to_owned()
}

/// Whether spaces carry meaning within the lines.
fn is_drawn(lines: &[&str]) -> bool {
    let gaps = lines.iter().filter(|line| line.trim_start().replace(".  ", ". ").contains("   ")).count();
    let signs = lines.iter().filter(|line| {
        let marks = line
            .chars()
            .filter(|c| matches!(c, '|' | '_' | '/' | '\\' | '#' | '+' | '=' | '<' | '>' | '^' | '*'))
            .count();
        marks * 4 > line.trim().len() && marks > 2
    });
    gaps + signs.count() > 1
}

/// A readable and unique slug: the words of the name, then the number.
pub fn slug(name: &str, vnum: i64) -> String {
    let mut out = String::new();
    for word in one_line(name).split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let article = matches!(word.to_ascii_lowercase().as_str(), "a" | "an" | "the");
        if article && out.is_empty() {
            continue;
        }
        if out.len() + word.len() > SLUG_NAME_MAX {
            break;
        }
        out.push_str(&word.to_ascii_lowercase());
        out.push('-');
    }
    format!("{out}{}", vnum.max(0))
}

/// Lower-case words, each once.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in plain(text).split_whitespace() {
        let word = word.to_lowercase();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The name in one line, or what stands for it; too long ones are cut.
pub fn name(text: &str, otherwise: &str) -> String {
    let line = one_line(text);
    let line: String = line.chars().filter(|c| !c.is_control()).take(crate::world::check::NAME_CHARS_MAX).collect();
    if line.is_empty() { otherwise.to_owned() } else { line }
}
