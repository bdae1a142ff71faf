//! Parquet files, read by columns.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArrayType, DataType, DoubleType, Int64Type, Int96Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use schemas::Timestamp;

/// Records per read.
const BATCH: usize = 8_192;

/// A Parquet file. Columns are read up to `limit` rows.
pub(crate) struct Table {
    path: PathBuf,
    file: SerializedFileReader<File>,
}

impl Table {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| {
            let here = "fetch the grocer's year with examples/complete-journey/fetch.sh, and name the folder that it prints";
            format!("{} cannot be opened: {here}", path.display())
        })?;
        let file = SerializedFileReader::new(file)
            .with_context(|| format!("{} is not a Parquet file", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// A column of whole numbers.
    pub fn whole(&self, name: &str, limit: usize) -> Result<Vec<i64>> {
        self.full::<Int64Type>(name, limit)
    }

    /// A column of amounts of money, in cents.
    pub fn cents(&self, name: &str, limit: usize) -> Result<Vec<i64>> {
        // The amounts are small enough for a double to represent them exactly.
        Ok(self
            .full::<DoubleType>(name, limit)?
            .into_iter()
            .map(|amount| (amount * 100.0).round() as i64)
            .collect())
    }

    /// A column of instants.
    pub fn instants(&self, name: &str, limit: usize) -> Result<Vec<Timestamp>> {
        let instants = self.full::<Int96Type>(name, limit)?;
        Ok(instants.into_iter().map(|instant| Timestamp::from_millis(instant.to_millis())).collect())
    }

    /// A column of texts, trimmed; empty ones are `None`.
    pub fn texts(&self, name: &str, limit: usize) -> Result<Vec<Option<String>>> {
        let texts = self.column::<ByteArrayType>(name, limit)?.into_iter().map(|bytes| {
            let text = String::from_utf8_lossy(bytes?.data()).trim().to_owned();
            (!text.is_empty()).then_some(text)
        });
        Ok(texts.collect())
    }

    fn full<T: DataType>(&self, name: &str, limit: usize) -> Result<Vec<T::T>>
    where
        T::T: Default,
    {
        let column = self.column::<T>(name, limit)?.into_iter().collect::<Option<Vec<_>>>();
        column.with_context(|| format!("{} has rows without {name}", self.path.display()))
    }

    fn column<T: DataType>(&self, name: &str, limit: usize) -> Result<Vec<Option<T::T>>>
    where
        T::T: Default,
    {
        let metadata = self.file.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let found = (0..schema.num_columns()).find(|&i| schema.column(i).name() == name);
        let index = found.with_context(|| format!("{} has no column {name}", self.path.display()))?;
        let is = schema.column(index).physical_type();
        ensure!(is == T::get_physical_type(), "column {name} of {} is of type {is}", self.path.display());
        let rows = usize::try_from(metadata.file_metadata().num_rows())?;
        let mut column = Vec::with_capacity(limit.min(rows));
        for group in 0..self.file.num_row_groups() {
            let mut reader =
                get_typed_column_reader::<T>(self.file.get_row_group(group)?.get_column_reader(index)?);
            let (mut levels, mut values) = (Vec::new(), Vec::new());
            while column.len() < limit {
                levels.clear();
                values.clear();
                let batch = BATCH.min(limit - column.len());
                let (rows, ..) = reader.read_records(batch, Some(&mut levels), None, &mut values)?;
                if rows == 0 {
                    break;
                }
                let mut values = values.drain(..);
                if levels.is_empty() {
                    column.extend(values.map(Some));
                } else {
                    column.extend(levels.iter().map(|&level| if level == 1 { values.next() } else { None }));
                }
            }
        }
        Ok(column)
    }
}
