//! A parsed document and what it amounts to, found out before the GraphQL library looks at it: the library unfolds
//! fragments while it checks, and a few lines of fragments that spread each other unfold to billions of fields.

use crate::error::refused;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Response, parser::parse_query};
use std::collections::HashMap;

/// Mutation fields a document may have.
const MAX_MUTATION_FIELDS: usize = 10;
/// Fields, fragments unfolded, that a document may have. The schema's limit of complexity is lower.
const MAX_FIELDS: usize = 4_000;
/// Deepest nesting of braces, brackets and parentheses in the text; the parser goes one call deeper for each.
const MAX_NESTING: usize = 64;
/// Deepest nesting of selections, fragments unfolded.
const MAX_LEVELS: usize = 32;
/// Fragments, operations and variables of one operation that a document may have.
const MAX_DEFINITIONS: usize = 64;

/// A document that can safely be checked and run.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) parsed: ExecutableDocument,
    /// Whether it asks for the schema.
    pub(crate) introspects: bool,
}

impl Document {
    /// Parses a document and measures it.
    pub(crate) fn parse(text: &str) -> Result<Self, Box<Response>> {
        if nesting(text) > MAX_NESTING {
            return Err(too_complex("The document is nested too deep."));
        }
        let parsed = parse_query(text).map_err(|error| Box::new(Response::from_errors(vec![error.into()])))?;
        let definitions = parsed.operations.iter().map(|(_, operation)| operation.node.variable_definitions.len());
        if parsed.fragments.len() > MAX_DEFINITIONS
            || parsed.operations.iter().count() > MAX_DEFINITIONS
            || definitions.max().unwrap_or(0) > MAX_DEFINITIONS
        {
            return Err(too_complex("The document has too many operations, fragments or variables."));
        }
        let mut measure = Measure { document: &parsed, fragments: HashMap::new(), introspects: false };
        for name in parsed.fragments.keys() {
            measure.fragment(name, 0)?;
        }
        let mut fields = 0_usize;
        for (_, operation) in parsed.operations.iter() {
            let size = measure.selection(&operation.node.selection_set.node, 0)?;
            fields = fields.saturating_add(size.fields);
            if operation.node.ty == OperationType::Mutation && size.top > MAX_MUTATION_FIELDS {
                let message = format!("A document has at most {MAX_MUTATION_FIELDS} mutation fields.");
                return Err(Box::new(refused("TOO_COMPLEX", message)));
            }
        }
        if fields > MAX_FIELDS {
            return Err(too_complex("The document asks for too many fields."));
        }
        let introspects = measure.introspects;
        Ok(Self { parsed, introspects })
    }

    /// The operation that a request asks for; none when that is not certain, which the library then tells.
    pub(crate) fn operation(&self, name: Option<&str>) -> Option<&OperationDefinition> {
        match (&self.parsed.operations, name) {
            (DocumentOperations::Single(operation), _) => Some(&operation.node),
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name).map(|found| &found.node),
            (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
                operations.values().next().map(|found| &found.node)
            }
            (DocumentOperations::Multiple(_), None) => None,
        }
    }

    /// Whether it has one operation only, so that having run means that all of it was checked.
    pub(crate) fn has_one_operation(&self) -> bool {
        self.parsed.operations.iter().count() == 1
    }
}

fn too_complex(message: &str) -> Box<Response> {
    Box::new(refused("TOO_COMPLEX", message))
}

/// How deep braces, brackets and parentheses nest outside of strings and comments.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
                tail
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                tail
            }
            b'#' => &tail[tail.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(tail.len())..],
            b'"' if tail.starts_with(b"\"\"") => after_block_string(&tail[2..]),
            b'"' => after_string(tail),
            _ => tail,
        };
    }
    deepest
}

fn after_block_string(mut rest: &[u8]) -> &[u8] {
    while !rest.is_empty() {
        if rest.starts_with(b"\\\"\"\"") {
            rest = &rest[4..];
        } else if rest.starts_with(b"\"\"\"") {
            return &rest[3..];
        } else {
            rest = &rest[1..];
        }
    }
    rest
}

/// What follows a string. A string that never ends, or not on its line, is none: the parser stops there.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            b'\\' => tail.get(1..).unwrap_or_default(),
            b'"' | b'\n' | b'\r' => return tail,
            _ => tail,
        };
    }
    rest
}

#[derive(Clone, Copy, Default)]
struct Size {
    /// Fields on the outermost level.
    top: usize,
    /// Fields on all levels.
    fields: usize,
}

/// Measures each fragment once, however often it is spread.
struct Measure<'a> {
    document: &'a ExecutableDocument,
    /// None while it is being measured.
    fragments: HashMap<&'a Name, Option<(Size, usize)>>,
    introspects: bool,
}

impl<'a> Measure<'a> {
    fn fragment(&mut self, name: &Name, level: usize) -> Result<Size, Box<Response>> {
        // A spread of a fragment that is not there: the library tells.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { return Ok(Size::default()) };
        match self.fragments.get(name) {
            Some(None) => {
                let message = format!("Fragment {name} spreads itself.");
                return Err(Box::new(refused("BAD_INPUT", message)));
            }
            Some(Some((size, levels))) if level + levels <= MAX_LEVELS => return Ok(*size),
            Some(Some(_)) => return Err(too_complex("The document is nested too deep.")),
            None => {}
        }
        self.fragments.insert(name, None);
        let size = self.selection(&fragment.node.selection_set.node, level)?;
        let levels = self.levels(&fragment.node.selection_set.node);
        self.fragments.insert(name, Some((size, levels)));
        Ok(size)
    }

    fn selection(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, Box<Response>> {
        if level > MAX_LEVELS {
            return Err(too_complex("The document is nested too deep."));
        }
        let mut sum = Size::default();
        for selection in &set.items {
            let size = match &selection.node {
                Selection::Field(field) => {
                    self.introspects |= matches!(field.node.name.node.as_str(), "__schema" | "__type");
                    let inner = self.selection(&field.node.selection_set.node, level + 1)?;
                    Size { top: 1, fields: inner.fields.saturating_add(1) }
                }
                Selection::InlineFragment(inline) => {
                    let inner = self.selection(&inline.node.selection_set.node, level + 1)?;
                    Size { fields: inner.fields.saturating_add(1), ..inner }
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.fragment(&spread.node.fragment_name.node, level + 1)?;
                    Size { fields: inner.fields.saturating_add(1), ..inner }
                }
            };
            sum.top = sum.top.saturating_add(size.top);
            sum.fields = sum.fields.saturating_add(size.fields);
        }
        Ok(sum)
    }

    /// How many levels a selection that was measured reaches down.
    fn levels(&self, set: &SelectionSet) -> usize {
        let below = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => self.levels(&field.node.selection_set.node) + 1,
            Selection::InlineFragment(inline) => self.levels(&inline.node.selection_set.node) + 1,
            Selection::FragmentSpread(spread) => {
                let known = self.fragments.get(&spread.node.fragment_name.node).copied().flatten();
                known.map_or(0, |(_, levels)| levels) + 1
            }
        });
        below.max().unwrap_or(0)
    }
}
