//! Text → tree, after XPath 1.0.

use super::tree::{Axis, Expr, From, Op, Path, Step};

/// Expressions may not be nested deeper.
const MAX_DEPTH: usize = 64;

/// An expression may not have more operators: each is one step deeper.
const MAX_OPERATORS: usize = 400;

/// An expression that cannot be read: where, in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the expression cannot be read from its {at}. character on")]
pub(in crate::form) struct NotRead {
    pub(in crate::form) at: usize,
}

/// Reads an expression.
pub(in crate::form) fn parse(text: &str) -> Result<Expr, NotRead> {
    let tokens = tokens(text)?;
    let end = text.chars().count() + 1;
    let mut reading = Reading { tokens: &tokens, at: 0, depth: 0, operators: 0, end };
    let expr = reading.binary(0)?;
    match reading.peek() {
        None => Ok(expr),
        Some(_) => Err(reading.stuck()),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Number(f64),
    Text(String),
    /// Punctuation and operators of signs.
    Sign(&'static str),
}

const SIGNS: &[&str] = &[
    "//", "::", "..", "!=", "<=", ">=", "(", ")", "[", "]", ",", "@", "/", "|", "+", "-", "=", "<", ">", "*", ".", "$",
];

/// The tokens, each with its place in characters from 1 on.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>, NotRead> {
    let mut found: Vec<(usize, Token)> = Vec::new();
    let mut rest = text;
    let mut at = 1;
    while let Some(first) = rest.chars().next() {
        let length = if matches!(first, ' ' | '\t' | '\n' | '\r') {
            first.len_utf8()
        } else if matches!(first, '"' | '\'') {
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.find(first).ok_or(NotRead { at })?;
            found.push((at, Token::Text(inner.get(..end).unwrap_or_default().to_owned())));
            end + 2
        } else if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let length = number_length(rest);
            let number = rest.get(..length).and_then(|digits| digits.parse().ok()).ok_or(NotRead { at })?;
            found.push((at, Token::Number(number)));
            length
        } else if begins_name(first) {
            let length = name_length(rest);
            found.push((at, Token::Name(rest.get(..length).unwrap_or_default().to_owned())));
            length
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or(NotRead { at })?;
            found.push((at, Token::Sign(sign)));
            sign.len()
        };
        let (passed, left) = rest.split_at(length);
        at += passed.chars().count();
        rest = left;
    }
    Ok(found)
}

fn number_length(text: &str) -> usize {
    let whole = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    match text.get(whole..).and_then(|rest| rest.strip_prefix('.')) {
        Some(rest) => whole + 1 + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
        None => whole,
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// A name, with its prefix if it has one.
fn name_length(text: &str) -> usize {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}');
    let first = text.find(|c: char| !goes_on(c)).unwrap_or(text.len());
    let local = text.get(first..).and_then(|rest| rest.strip_prefix(':')).filter(|rest| rest.starts_with(begins_name));
    match local {
        Some(rest) => first + 1 + rest.find(|c: char| !goes_on(c)).unwrap_or(rest.len()),
        None => first,
    }
}

struct Reading<'t> {
    tokens: &'t [(usize, Token)],
    at: usize,
    depth: usize,
    operators: usize,
    end: usize,
}

/// The operators, those that bind least first.
const LEVELS: &[&[(&str, Op)]] = &[
    &[("or", Op::Or)],
    &[("and", Op::And)],
    &[("=", Op::Equal), ("!=", Op::NotEqual)],
    &[("<", Op::Less), ("<=", Op::LessOrEqual), (">", Op::More), (">=", Op::MoreOrEqual)],
    &[("+", Op::Plus), ("-", Op::Minus)],
    &[("*", Op::Times), ("div", Op::Div), ("mod", Op::Mod)],
];

impl Reading<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn is_next(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(next)) if *next == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let next = self.is_next(sign);
        self.at += usize::from(next);
        next
    }

    fn needs(&mut self, sign: &str) -> Result<(), NotRead> {
        if self.takes(sign) { Ok(()) } else { Err(self.stuck()) }
    }

    fn stuck(&self) -> NotRead {
        NotRead { at: self.tokens.get(self.at).map_or(self.end, |(at, _)| *at) }
    }

    fn operator(&self, level: &[(&str, Op)]) -> Option<Op> {
        let word = match self.peek()? {
            Token::Sign(sign) => *sign,
            Token::Name(name) => name.as_str(),
            Token::Number(_) | Token::Text(_) => return None,
        };
        level.iter().find(|(sign, _)| *sign == word).map(|(_, op)| *op)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, NotRead> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(op) = self.operator(operators) {
            self.counts_operator()?;
            self.at += 1;
            left = Expr::Binary(op, Box::new(left), Box::new(self.binary(level + 1)?));
        }
        Ok(left)
    }

    fn counts_operator(&mut self) -> Result<(), NotRead> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS { Err(self.stuck()) } else { Ok(()) }
    }

    fn unary(&mut self) -> Result<Expr, NotRead> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.stuck());
        }
        let read =
            if self.takes("-") { self.unary().map(|inner| Expr::Negative(Box::new(inner))) } else { self.union() };
        self.depth -= 1;
        read
    }

    fn union(&mut self) -> Result<Expr, NotRead> {
        let mut left = self.path()?;
        while self.takes("|") {
            self.counts_operator()?;
            left = Expr::Binary(Op::Union, Box::new(left), Box::new(self.path()?));
        }
        Ok(left)
    }

    fn path(&mut self) -> Result<Expr, NotRead> {
        if self.takes("/") {
            let steps = if self.begins_step() { self.steps()? } else { Vec::new() };
            return Ok(Expr::Path(Path { from: From::Root, steps }));
        }
        if self.is_next("//") {
            return Ok(Expr::Path(Path { from: From::Root, steps: self.steps()? }));
        }
        let Some(primary) = self.primary()? else {
            return Ok(Expr::Path(Path { from: From::Here, steps: self.steps()? }));
        };
        let predicates = self.predicates()?;
        let goes_on = self.is_next("/") || self.is_next("//");
        if predicates.is_empty() && !goes_on {
            return Ok(primary);
        }
        let steps = if self.takes("/") || self.is_next("//") { self.steps()? } else { Vec::new() };
        Ok(Expr::Path(Path { from: From::Of(Box::new(primary), predicates), steps }))
    }

    /// What is not a way by itself.
    fn primary(&mut self) -> Result<Option<Expr>, NotRead> {
        let expr = match self.peek() {
            Some(Token::Text(text)) => Expr::Text(text.clone()),
            Some(Token::Number(number)) => Expr::Number(*number),
            Some(Token::Sign("(")) => {
                self.at += 1;
                let inner = self.nested()?;
                self.needs(")")?;
                return Ok(Some(inner));
            }
            Some(Token::Name(name)) if self.is_call() => {
                let name = name.clone();
                self.at += 2;
                return self.arguments().map(|arguments| Some(Expr::Call(name, arguments)));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(expr))
    }

    fn is_call(&self) -> bool {
        let opens = matches!(self.tokens.get(self.at + 1), Some((_, Token::Sign("("))));
        let is_test = matches!(self.peek(), Some(Token::Name(name)) if matches!(name.as_str(), "node" | "text"));
        opens && !is_test
    }

    fn nested(&mut self) -> Result<Expr, NotRead> {
        self.depth += 1;
        let inner = self.binary(0);
        self.depth -= 1;
        inner
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, NotRead> {
        let mut arguments = Vec::new();
        if self.takes(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.nested()?);
            if self.takes(")") {
                return Ok(arguments);
            }
            self.needs(",")?;
        }
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, NotRead> {
        let mut predicates = Vec::new();
        while self.takes("[") {
            predicates.push(self.nested()?);
            self.needs("]")?;
        }
        Ok(predicates)
    }

    fn begins_step(&self) -> bool {
        matches!(self.peek(), Some(Token::Name(_) | Token::Sign("." | ".." | "@" | "*")))
    }

    fn steps(&mut self) -> Result<Vec<Step>, NotRead> {
        let mut steps = Vec::new();
        loop {
            if self.takes("//") {
                steps.push(Step { axis: Axis::Below, name: None, predicates: Vec::new() });
            }
            steps.push(self.step()?);
            if !self.takes("/") && !self.is_next("//") {
                return Ok(steps);
            }
        }
    }

    fn step(&mut self) -> Result<Step, NotRead> {
        if self.takes("..") {
            return Ok(Step { axis: Axis::Parent, name: None, predicates: self.predicates()? });
        }
        if self.takes(".") {
            return Ok(Step { axis: Axis::Here, name: None, predicates: self.predicates()? });
        }
        let axis = self.axis()?;
        let name = match self.peek() {
            Some(Token::Sign("*")) => None,
            Some(Token::Name(name)) => Some(name.clone()),
            _ => return Err(self.stuck()),
        };
        self.at += 1;
        let name = match name {
            // A test for any node.
            Some(name) if name == "node" && self.takes("(") => {
                self.needs(")")?;
                None
            }
            Some(name) => Some(name.rsplit(':').next().unwrap_or_default().to_owned()),
            None => None,
        };
        Ok(Step { axis, name, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Result<Axis, NotRead> {
        if self.takes("@") {
            return Ok(Axis::Attribute);
        }
        let named = matches!(self.tokens.get(self.at + 1), Some((_, Token::Sign("::"))));
        let Some(Token::Name(name)) = self.peek().filter(|_| named) else { return Ok(Axis::Child) };
        let axis = match name.as_str() {
            "child" => Axis::Child,
            "parent" => Axis::Parent,
            "self" => Axis::Here,
            "descendant-or-self" => Axis::Below,
            "attribute" => Axis::Attribute,
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrHere,
            "preceding-sibling" => Axis::Before,
            "following-sibling" => Axis::After,
            _ => return Err(self.stuck()),
        };
        self.at += 2;
        Ok(axis)
    }
}
