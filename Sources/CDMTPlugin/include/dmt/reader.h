/**
 * reader.h: component kind `reader`, revision 1 (`dmt.reader/1`): a format of data files, by name.
 *
 * A manifest whose `data.format` is a reader's name has its files opened by the reader: the training file, and those for
 * validation, test and prediction. A reader turns a file into rows of typed columns and knows nothing of features: which
 * column is the label, how texts become rows of tables, how rows are split and what is kept in the columnar cache is the
 * host's. What a reader yields goes the way of the built-in formats from there on.
 *
 * A file has the same rows in the same order every time, at any batch size.
 */
#ifndef DMT_READER_H
#define DMT_READER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The most columns of a file. */
#define DMT_MAX_COLUMNS 65536

/* What a column holds. A number serves where a text is wanted: the host writes it in decimal. */
/** dmt_str; the empty text is a missing value. */
#define DMT_COLUMN_TEXT 0
/** int64_t */
#define DMT_COLUMN_I64 1
/** double; NaN is a missing value, an infinite one makes a bad row. */
#define DMT_COLUMN_F64 2

/** Every row holds any number of values. */
#define DMT_COLUMN_BAG 1u

/** A column of a file. Frozen. */
typedef struct dmt_reader_column {
    /** By this a manifest names it; not empty, different from all others. */
    dmt_str name;
    /** DMT_COLUMN_TEXT, _I64 or _F64. */
    int32_t type;
    /** DMT_COLUMN_BAG or 0. */
    uint32_t flags;
} dmt_reader_column;

/** A place in a file, for messages. Frozen. */
typedef struct dmt_reader_place {
    /** Line from 1, or 0: not known. */
    int64_t line;
    /** Column of the line from 1, in bytes, or 0: not known. */
    int64_t column;
} dmt_reader_place;

/** A row that cannot be used. Frozen. */
typedef struct dmt_reader_problem {
    /** The row, counted from the first of the batch. */
    int64_t row;
    dmt_reader_place place;
    /** What was found and what was expected, in one sentence. */
    dmt_str message;
} dmt_reader_problem;

/**
 * The values of one column for the rows of a batch. Frozen.
 *
 * Row r holds values[r], or in a bag column values[offsets[r]] .. values[offsets[r + 1] - 1].
 */
typedef struct dmt_reader_values {
    /** [value_count] dmt_str, int64_t or double, as the column's type says. */
    const void *values;
    /** [row_count + 1] of a bag column: rises from 0 to value_count. NULL of others. */
    const int64_t *offsets;
    /** [value_count] 0 for a missing value; NULL: all are there. */
    const uint8_t *present;
    /** row_count, or the values of all bags. */
    int64_t value_count;
} dmt_reader_values;

/**
 * Rows in a row. The host sets struct_size and zeroes the rest; the plugin's memory that it points to is borrowed until the
 * next call with the same handle.
 */
typedef struct dmt_reader_batch {
    uint32_t struct_size;
    uint32_t reserved;
    /** 0: the file has ended. At most the request's batch_rows. */
    int64_t row_count;
    /** [selected columns] in the order in which they were selected; NULL when there are none. */
    const dmt_reader_values *columns;
    /**
     * [problem_count] Rows of the batch that cannot be used, ascending, one entry a row. They count as rows, and their values
     * are there and are not looked at. The host leaves such rows out as far as the manifest's max_bad_rows allows.
     */
    const dmt_reader_problem *problems;
    int64_t problem_count;
    /** Where reading failed, when next returns another status than DMT_OK. */
    dmt_reader_place failure;
} dmt_reader_batch;

/** What open is asked for. */
typedef struct dmt_reader_request {
    uint32_t struct_size;
    /** 0. */
    uint32_t flags;
    /** The file. */
    dmt_str path;
    dmt_attrs attributes;
    /** The most rows of a batch, at least 1. */
    int64_t batch_rows;
    /** Threads that this file may use. */
    int32_t threads;
    int32_t reserved;
} dmt_reader_request;

/** An open file. The host sets struct_size and zeroes the rest. */
typedef struct dmt_reader_file {
    uint32_t struct_size;
    int32_t column_count;
    void *handle;
    /** [column_count] Lives as long as the handle. */
    const dmt_reader_column *columns;
    /** Rows of the file, or -1: known at its end only. */
    int64_t row_count;
    /** Where opening failed, when open returns another status than DMT_OK. */
    dmt_reader_place failure;
} dmt_reader_file;

/** A format of data files. */
typedef struct dmt_reader {
    uint32_t struct_size;
    int32_t revision;
    void *ctx;
    /** `com.example.lines`: the `format` of a manifest's section `data`; has a dot, as the host's own have not. */
    dmt_str name;
    /** One sentence. */
    dmt_str summary;
    /** Keys of the section `data` that go with the format, beside the keys that all formats have. */
    dmt_attr_schema attributes;
    /**
     * Grows whenever a later version of the plugin yields other rows for the same file and attributes: the host's columnar
     * cache of the file is then made anew. At least 1.
     */
    int32_t content_revision;
    int32_t reserved;
    /**
     * [any] Opens a file and lists its columns. DMT_NOT_FOUND or DMT_UNAVAILABLE for a file that cannot be read,
     * DMT_INVALID_ARGUMENT for one of another format.
     */
    dmt_status (*open)(void *ctx, const dmt_reader_request *request, dmt_reader_file *file);
    /**
     * [instance] Chooses the columns that batches hold, by index, each once; called once, before the first next. Columns that
     * are not chosen need not be parsed.
     */
    dmt_status (*select)(void *handle, const int32_t *columns, int32_t count);
    /**
     * [instance] The next rows. DMT_CANCELLED when the host's cancel service asked for it, DMT_UNAVAILABLE when the file cannot
     * be read on, DMT_INVALID_ARGUMENT when what stands there makes no sense. After another status than DMT_OK the host calls
     * close only.
     */
    dmt_status (*next)(void *handle, dmt_reader_batch *batch);
    /**
     * [instance] Lets the next batch begin with row `row` of the file, from 0; past the end it is empty. NULL: the host reads
     * and drops the rows before.
     */
    dmt_status (*seek)(void *handle, int64_t row);
    /**
     * [instance] Where a value of the last batch stands: row from 0, column among the selected ones, -1 for the row itself.
     * NULL: not known; messages then name the row's number.
     */
    dmt_status (*locate)(void *handle, int64_t row, int32_t column, dmt_reader_place *place);
    /** [instance] Closes the file. */
    void (*close)(void *handle);
} dmt_reader;

DMT_STATIC_ASSERT(sizeof(dmt_reader_column) == 24, "dmt_reader_column");
DMT_STATIC_ASSERT(sizeof(dmt_reader_place) == 16, "dmt_reader_place");
DMT_STATIC_ASSERT(sizeof(dmt_reader_problem) == 40, "dmt_reader_problem");
DMT_STATIC_ASSERT(sizeof(dmt_reader_values) == 32, "dmt_reader_values");
DMT_STATIC_ASSERT(sizeof(dmt_reader_batch) == 56, "dmt_reader_batch");
DMT_STATIC_ASSERT(offsetof(dmt_reader_batch, failure) == 40, "dmt_reader_batch.failure");
DMT_STATIC_ASSERT(sizeof(dmt_reader_request) == 56, "dmt_reader_request");
DMT_STATIC_ASSERT(sizeof(dmt_reader_file) == 48, "dmt_reader_file");
DMT_STATIC_ASSERT(sizeof(dmt_reader) == 120, "dmt_reader");
DMT_STATIC_ASSERT(offsetof(dmt_reader, open) == 72, "dmt_reader.open");

#ifdef __cplusplus
}
#endif
#endif
