//! The reader `@COMPONENT@`: lines of fields that blanks separate; the first line has the columns' names.
//!
//! A field is a text, `-` a missing one. Empty lines are passed over. A line with another number of fields is a bad row.

use dmt::kit::{self, bytes, guard, slice, text, Failure, NO_TEXT};
use dmt::*;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::raw::{c_char, c_void};
use std::os::unix::ffi::OsStrExt;

const SUMMARY: &str = "Lines of fields that blanks separate, the columns' names in the first.";

pub static COMPONENT: dmt_component = kit::component(DMT_KIND_READER, 1, "@COMPONENT@", SUMMARY);

pub static TABLE: dmt_reader = dmt_reader {
    struct_size: kit::size::<dmt_reader>(),
    revision: 1,
    ctx: std::ptr::null_mut(),
    name: text("@COMPONENT@"),
    summary: text(SUMMARY),
    attributes: dmt_attr_schema { fields: std::ptr::null(), count: 0 },
    content_revision: 1,
    reserved: 0,
    open: Some(open),
    select: Some(select),
    next: Some(next),
    seek: None,
    locate: Some(locate),
    close: Some(close),
};

/// A line that is not empty.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    number: i64,
    /// Where its fields begin and end.
    fields: Vec<(usize, usize)>,
}

/// An open file, and the rows of its last batch.
struct Reader {
    stream: BufReader<File>,
    line: i64,
    header: Line,
    columns: Vec<dmt_reader_column>,
    /// The columns that batches hold.
    selected: Vec<usize>,
    batch_rows: usize,
    rows: Vec<Line>,
    /// What the last batch points to: of every selected column a value a row, one column after the other.
    values: Vec<dmt_str>,
    answer: Vec<dmt_reader_values>,
    messages: Vec<String>,
    problems: Vec<dmt_reader_problem>,
}

fn text_of(bytes: &[u8]) -> dmt_str {
    dmt_str { data: bytes.as_ptr() as *const c_char, size: bytes.len() as i64 }
}

/// The places of a line's fields.
fn fields_of(text: &[u8]) -> Vec<(usize, usize)> {
    let mut fields = vec![];
    let mut start = None;
    for (place, byte) in text.iter().enumerate() {
        match (byte.is_ascii_whitespace(), start) {
            (false, None) => start = Some(place),
            (true, Some(first)) => {
                fields.push((first, place));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(first) = start {
        fields.push((first, text.len()));
    }
    fields
}

impl Line {
    fn field(&self, index: usize) -> &[u8] {
        self.fields.get(index).map_or(&[], |(start, end)| &self.text[*start..*end])
    }
}

impl Reader {
    /// The next line that is not empty; none at the end.
    fn next_line(&mut self) -> std::io::Result<Option<Line>> {
        loop {
            let mut text = vec![];
            if self.stream.read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let fields = fields_of(&text);
            if !fields.is_empty() {
                return Ok(Some(Line { text, number: self.line, fields }));
            }
        }
    }

    /// Reads a batch's rows, and lists what is wrong with them.
    fn fill(&mut self) -> std::io::Result<()> {
        self.rows.clear();
        self.messages.clear();
        self.problems.clear();
        while self.rows.len() < self.batch_rows {
            match self.next_line()? {
                Some(line) => self.rows.push(line),
                None => break,
            }
        }
        for (row, line) in self.rows.iter().enumerate() {
            if line.fields.len() != self.columns.len() {
                self.messages.push(format!("{} fields, expected {}", line.fields.len(), self.columns.len()));
                let place = dmt_reader_place { line: line.number, column: 1 };
                self.problems.push(dmt_reader_problem { row: row as i64, place, message: NO_TEXT });
            }
        }
        // Texts do not move any more.
        for (problem, message) in self.problems.iter_mut().zip(&self.messages) {
            problem.message = text_of(message.as_bytes());
        }
        self.values.clear();
        for column in &self.selected {
            for line in &self.rows {
                let field = if line.fields.len() == self.columns.len() { line.field(*column) } else { &[] };
                self.values.push(if field == b"-" { NO_TEXT } else { text_of(field) });
            }
        }
        let count = self.rows.len();
        let values = self.values.as_ptr();
        self.answer = (0..self.selected.len())
            .map(|i| dmt_reader_values {
                values: values.wrapping_add(i * count) as *const c_void,
                offsets: std::ptr::null(),
                present: std::ptr::null(),
                value_count: count as i64,
            })
            .collect();
        Ok(())
    }
}

unsafe extern "C" fn open(_: *mut c_void, request: *const dmt_reader_request, answer: *mut dmt_reader_file) -> dmt_status {
    guard(|| {
        let (request, answer) = (kit::given(request)?, kit::given_mut(answer)?);
        let path = std::ffi::OsStr::from_bytes(bytes(request.path));
        let file = File::open(path).map_err(|error| Failure {
            status: if error.kind() == ErrorKind::NotFound { DMT_NOT_FOUND } else { DMT_UNAVAILABLE },
            message: format!("the file cannot be opened: {}", error).into(),
        })?;
        let mut reader = Reader {
            stream: BufReader::new(file),
            line: 0,
            header: Line::default(),
            columns: vec![],
            selected: vec![],
            batch_rows: request.batch_rows.max(1) as usize,
            rows: vec![],
            values: vec![],
            answer: vec![],
            messages: vec![],
            problems: vec![],
        };
        reader.header = reader.next_line().map_err(unreadable)?.unwrap_or_default();
        if reader.header.fields.is_empty() || reader.header.fields.len() > DMT_MAX_COLUMNS {
            answer.failure.line = 1;
            return Err(Failure::invalid(format!("the first line names no columns, or more than {}", DMT_MAX_COLUMNS)));
        }
        let column = |index| dmt_reader_column { name: text_of(reader.header.field(index)), r#type: DMT_COLUMN_TEXT, flags: 0 };
        reader.columns = (0..reader.header.fields.len()).map(column).collect();
        let reader = Box::new(reader);
        answer.column_count = reader.columns.len() as i32;
        answer.columns = reader.columns.as_ptr();
        answer.row_count = -1;
        answer.handle = Box::into_raw(reader) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn close(handle: *mut c_void) {
    drop(Box::from_raw(handle as *mut Reader));
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure { status: DMT_UNAVAILABLE, message: format!("the file cannot be read on: {}", error).into() }
}

unsafe extern "C" fn select(handle: *mut c_void, columns: *const i32, count: i32) -> dmt_status {
    guard(|| {
        let reader = &mut *(handle as *mut Reader);
        reader.selected.clear();
        for &column in slice(columns, count as i64) {
            if column < 0 || column as usize >= reader.columns.len() {
                let message = format!("column {} of {}", column, reader.columns.len());
                return Err(Failure { status: DMT_OUT_OF_RANGE, message: message.into() });
            }
            reader.selected.push(column as usize);
        }
        Ok(())
    })
}

unsafe extern "C" fn next(handle: *mut c_void, batch: *mut dmt_reader_batch) -> dmt_status {
    guard(|| {
        let (reader, batch) = (&mut *(handle as *mut Reader), kit::given_mut(batch)?);
        reader.fill().map_err(|error| {
            batch.failure.line = reader.line + 1;
            unreadable(error)
        })?;
        batch.row_count = reader.rows.len() as i64;
        batch.columns = if reader.answer.is_empty() { std::ptr::null() } else { reader.answer.as_ptr() };
        batch.problem_count = reader.problems.len() as i64;
        batch.problems = if reader.problems.is_empty() { std::ptr::null() } else { reader.problems.as_ptr() };
        Ok(())
    })
}

unsafe extern "C" fn locate(handle: *mut c_void, row: i64, column: i32, place: *mut dmt_reader_place) -> dmt_status {
    guard(|| {
        let reader = &*(handle as *const Reader);
        let line = match reader.rows.get(row as usize) {
            Some(line) if row >= 0 && column < reader.selected.len() as i32 => line,
            _ => {
                let message = format!("row {} of {}, column {}", row, reader.rows.len(), column);
                return Err(Failure { status: DMT_OUT_OF_RANGE, message: message.into() });
            }
        };
        (*place).line = line.number;
        (*place).column = match column {
            column if column < 0 => 0,
            column => line.fields.get(reader.selected[column as usize]).map_or(0, |field| field.0 as i64 + 1),
        };
        Ok(())
    })
}
