//! The matcher language: which words a command, a reaction to speech or a gift answers to.
//! `or` `|`, `and` `+`, `not` `!`, parentheses; `not` binds tighter than `and`, `and` than `or`.
//! Everything else is a phrase, up to the next operator or within quotes.

use std::fmt;

/// Characters of one expression.
pub const EXPRESSION_CHARS_MAX: usize = 1_000;
/// Parentheses and `not`s within one another.
pub const EXPRESSION_DEPTH_MAX: usize = 32;

/// A parsed expression; the empty one matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    root: Option<Expr>,
    label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expr {
    Phrase(Phrase),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    /// ` touch altar `: words between single spaces, spaces around.
    words: String,
    /// Lower case, single spaces, punctuation kept.
    exact: String,
}

/// Where an expression cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchError {
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for MatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invalid match matcher expression: {} at character {}", self.message, self.column)
    }
}

impl std::error::Error for MatchError {}

impl Matcher {
    pub fn parse(text: &str) -> Result<Self, MatchError> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Ok(Self { root: None, label: String::new() });
        }
        let end = text.chars().count() + 1;
        let mut parser = Parser { tokens: &tokens, next: 0, end, depth: 0 };
        let root = parser.either()?;
        if let Some((token, column)) = parser.tokens.get(parser.next) {
            return Err(error(
                *column,
                format!("{} is not expected here; quotes make it part of a phrase", token.name()),
            ));
        }
        let label = tokens.into_iter().find_map(|(token, _)| match token {
            Token::Phrase(phrase) => Some(phrase),
            _ => None,
        });
        Ok(Self { root: Some(root), label: label.unwrap_or_default() })
    }

    /// True for the empty expression, which fits every event and no command.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The first phrase as written: what players are shown as the action.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// For commands and speech: phrases must occur in the text as whole words side by side.
    pub fn matches_phrase(&self, text: &str) -> bool {
        self.matches_spoken(&Spoken::of(text))
    }

    /// The same, where the text is held against many.
    pub fn matches_spoken(&self, spoken: &Spoken) -> bool {
        self.root.as_ref().is_none_or(|root| {
            holds(root, &|phrase| phrase.words.len() > 2 && spoken.0.contains(phrase.words.as_str()))
        })
    }

    /// Words of which a text has to have one to fit; none where a text may fit without any. `weight` says how common
    /// a word is: rare ones are taken.
    pub fn handles(&self, weight: &dyn Fn(&str) -> usize) -> Option<Vec<&str>> {
        self.root.as_ref().and_then(|root| handles(root, weight))
    }

    /// Every word of its phrases.
    pub fn words(&self) -> Vec<&str> {
        fn walk<'a>(expr: &'a Expr, found: &mut Vec<&'a str>) {
            match expr {
                Expr::Phrase(phrase) => found.extend(phrase.words.split_whitespace()),
                Expr::Not(inner) => walk(inner, found),
                Expr::And(a, b) | Expr::Or(a, b) => {
                    walk(a, found);
                    walk(b, found);
                }
            }
        }
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            walk(root, &mut found);
        }
        found
    }

    /// For gifts and clocks: a phrase must be the whole text, case and spacing aside.
    pub fn matches_exact(&self, text: &str) -> bool {
        let candidate = exact(text);
        self.root.as_ref().is_none_or(|root| holds(root, &|phrase| phrase.exact == candidate))
    }
}

/// A text as its words, to be held against matchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoken(String);

impl Spoken {
    pub fn of(text: &str) -> Self {
        Self(words(text))
    }

    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split_whitespace()
    }
}

fn handles<'a>(expr: &'a Expr, weight: &dyn Fn(&str) -> usize) -> Option<Vec<&'a str>> {
    let total = |words: &[&str]| words.iter().map(|word| weight(word)).sum::<usize>();
    match expr {
        // A phrase without words fits nothing.
        Expr::Phrase(phrase) => {
            Some(phrase.words.split_whitespace().min_by_key(|word| weight(word)).into_iter().collect())
        }
        Expr::Not(_) => None,
        Expr::And(a, b) => match (handles(a, weight), handles(b, weight)) {
            (Some(a), Some(b)) => Some(if total(&a) <= total(&b) { a } else { b }),
            (a, b) => a.or(b),
        },
        Expr::Or(a, b) => {
            let mut either = handles(a, weight)?;
            either.extend(handles(b, weight)?);
            Some(either)
        }
    }
}

fn holds(expr: &Expr, phrase: &dyn Fn(&Phrase) -> bool) -> bool {
    match expr {
        Expr::Phrase(p) => phrase(p),
        Expr::Not(inner) => !holds(inner, phrase),
        Expr::And(a, b) => holds(a, phrase) && holds(b, phrase),
        Expr::Or(a, b) => holds(a, phrase) || holds(b, phrase),
    }
}

/// Lower-case words of letters, digits and apostrophes, a space around each.
fn words(text: &str) -> String {
    let mut out = String::from(" ");
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '\'' {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

fn exact(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Or,
    And,
    Not,
    Open,
    Close,
    Phrase(String),
}

impl Token {
    fn name(&self) -> String {
        match self {
            Self::Or => "`or`".into(),
            Self::And => "`and`".into(),
            Self::Not => "`not`".into(),
            Self::Open => "`(`".into(),
            Self::Close => "`)`".into(),
            Self::Phrase(text) => format!("`{text}`"),
        }
    }

    fn of_symbol(c: char) -> Option<Self> {
        Some(match c {
            '|' => Self::Or,
            '+' => Self::And,
            '!' => Self::Not,
            '(' => Self::Open,
            ')' => Self::Close,
            _ => return None,
        })
    }

    fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "or" => Self::Or,
            "and" => Self::And,
            "not" => Self::Not,
            _ => return None,
        })
    }
}

fn error(column: usize, message: impl Into<String>) -> MatchError {
    MatchError { column, message: message.into() }
}

/// Tokens with their columns. Bare words side by side are one phrase.
fn tokens(text: &str) -> Result<Vec<(Token, usize)>, MatchError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > EXPRESSION_CHARS_MAX {
        return Err(error(EXPRESSION_CHARS_MAX, format!("more than {EXPRESSION_CHARS_MAX} characters")));
    }
    let mut tokens: Vec<(Token, usize)> = Vec::new();
    let mut bare: Option<(String, usize)> = None;
    let mut at = 0;
    while at < chars.len() {
        let (c, column) = (chars[at], at + 1);
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let token = if let Some(symbol) = Token::of_symbol(c) {
            at += 1;
            symbol
        } else if c == '"' || c == '\'' {
            let (phrase, after) = quoted(&chars, at)?;
            at = after;
            Token::Phrase(phrase)
        } else {
            let start = at;
            while at < chars.len() && !chars[at].is_whitespace() && Token::of_symbol(chars[at]).is_none() {
                at += 1;
            }
            let word: String = chars[start..at].iter().collect();
            match Token::of_word(&word) {
                Some(operator) => operator,
                None => {
                    match &mut bare {
                        Some((phrase, _)) => {
                            phrase.push(' ');
                            phrase.push_str(&word);
                        }
                        None => bare = Some((word, column)),
                    }
                    continue;
                }
            }
        };
        if let Some((phrase, column)) = bare.take() {
            tokens.push((Token::Phrase(phrase), column));
        }
        tokens.push((token, column));
    }
    if let Some((phrase, column)) = bare {
        tokens.push((Token::Phrase(phrase), column));
    }
    Ok(tokens)
}

/// The text between quotes, and the position after the closing one. A backslash keeps the next character.
fn quoted(chars: &[char], open: usize) -> Result<(String, usize), MatchError> {
    let (mut phrase, mut at) = (String::new(), open + 1);
    while let Some(&c) = chars.get(at) {
        match c {
            '\\' => {
                at += 1;
                phrase.extend(chars.get(at));
            }
            c if c == chars[open] => return Ok((phrase, at + 1)),
            c => phrase.push(c),
        }
        at += 1;
    }
    Err(error(open + 1, "a quote that does not end"))
}

struct Parser<'a> {
    tokens: &'a [(Token, usize)],
    next: usize,
    /// The column after the text.
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.next).is_some_and(|(next, _)| next == token);
        self.next += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<Expr, MatchError> {
        let mut left = self.both()?;
        while self.take(&Token::Or) {
            left = Expr::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr, MatchError> {
        let mut left = self.one()?;
        while self.take(&Token::And) {
            left = Expr::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expr, MatchError> {
        let Some((token, column)) = self.tokens.get(self.next) else {
            return Err(error(self.end, "a phrase is missing"));
        };
        self.next += 1;
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            return Err(error(*column, format!("nested more than {EXPRESSION_DEPTH_MAX} deep")));
        }
        let expr = match token {
            Token::Not => Expr::Not(Box::new(self.one()?)),
            Token::Open => {
                let inner = self.either()?;
                if !self.take(&Token::Close) {
                    return Err(error(*column, "a parenthesis that does not close"));
                }
                inner
            }
            Token::Phrase(text) => Expr::Phrase(Phrase { words: words(text), exact: exact(text) }),
            other => return Err(error(*column, format!("a phrase is missing before {}", other.name()))),
        };
        self.depth -= 1;
        Ok(expr)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phrase(expression: &str, text: &str) -> bool {
        Matcher::parse(expression).unwrap().matches_phrase(text)
    }

    #[test]
    fn phrases_match_whole_words_side_by_side() {
        assert!(phrase("touch altar", "Please, TOUCH the... no: touch   altar now"));
        assert!(!phrase("touch altar", "touch the altar"));
        assert!(!phrase("old", "golden"));
        assert!(phrase("it's", "well, it's old"));
        assert!(!phrase("'...'", "..."), "a phrase without words fits nothing that is said");
    }

    #[test]
    fn operators_bind_as_they_should() {
        for (text, expected) in [("a", true), ("b", false), ("b c", true), ("c", false)] {
            assert_eq!(phrase("a or b and c", text), expected, "{text}");
            assert_eq!(phrase("a | b + c", text), expected, "{text}");
        }
        assert!(phrase("not a and b", "b") && !phrase("not a and b", "a b"));
        assert!(phrase("!(a or b)", "c") && !phrase("!(a or b)", "b"));
        assert!(phrase("not not a", "a"));
    }

    #[test]
    fn quotes_keep_operators_and_escapes() {
        assert!(phrase("\"salt and bread\"", "bring salt and bread"));
        assert!(phrase(r#"'it\'s' or "a \"b\"""#, "it's"));
        assert!(phrase("orange and fortune", "an orange fortune"), "operators are whole words");
    }

    #[test]
    fn exact_matches_want_everything() {
        let matcher = Matcher::parse("'a brass  KEY' or coin").unwrap();
        assert!(matcher.matches_exact(" A Brass key ") && matcher.matches_exact("Coin"));
        assert!(!matcher.matches_exact("a coin"));
    }

    #[test]
    fn the_empty_expression_fits_everything() {
        let matcher = Matcher::parse("  ").unwrap();
        assert!(matcher.is_empty() && matcher.matches_phrase("x") && matcher.matches_exact(""));
        assert_eq!(matcher.label(), "");
    }

    #[test]
    fn the_first_phrase_is_the_label() {
        assert_eq!(Matcher::parse("(pull Lever or push lever)").unwrap().label(), "pull Lever");
        assert_eq!(Matcher::parse("not 'x y'").unwrap().label(), "x y");
    }

    #[test]
    fn mistakes_are_placed() {
        for (text, column, message) in [
            ("a or", 5, "a phrase is missing"),
            ("or a", 1, "a phrase is missing before `or`"),
            ("(a", 1, "a parenthesis that does not close"),
            ("a)", 2, "`)` is not expected here; quotes make it part of a phrase"),
            ("do not touch", 4, "`not` is not expected here; quotes make it part of a phrase"),
            ("say \"x", 5, "a quote that does not end"),
            ("a \"b\"", 3, "`b` is not expected here; quotes make it part of a phrase"),
        ] {
            assert_eq!(Matcher::parse(text), Err(MatchError { column, message: message.into() }), "{text}");
        }
        assert!(Matcher::parse(&"(".repeat(900)).unwrap_err().message.contains("nested more than"));
        assert!(Matcher::parse(&"a".repeat(1_001)).unwrap_err().message.contains("more than 1000 characters"));
        let said = Matcher::parse("a or").unwrap_err().to_string();
        assert_eq!(said, "Invalid match matcher expression: a phrase is missing at character 5");
    }

    proptest! {
        #[test]
        fn what_fits_has_one_of_the_handles(
            expression in "(a|b|c|a b|b c)( (or|and|and not|or not) (a|b|c|a b|b c)){0,4}",
            text in "[abc ]{0,12}",
        ) {
            let matcher = Matcher::parse(&expression).unwrap();
            let spoken = Spoken::of(&text);
            let handles = matcher.handles(&|word| usize::from(word == "a"));
            let is_handled = handles.is_none_or(|handles| spoken.words().any(|word| handles.contains(&word)));
            prop_assert!(is_handled || !matcher.matches_spoken(&spoken));
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>(), grammar in "(a|b|or|and|not|[ ()|+!'\"\\\\]){0,80}") {
            for text in [&text, &grammar] {
                if let Ok(matcher) = Matcher::parse(text) {
                    let _ = (matcher.matches_phrase(&grammar), matcher.matches_exact(&grammar));
                }
            }
        }
    }
}
