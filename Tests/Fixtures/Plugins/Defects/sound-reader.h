/**
 * sound-reader.h: a reader that is right in everything: lines of fields that commas separate, the columns' names in the first.
 *
 * Columns are whole numbers where the name begins with `n_`, bags of texts between bars where it begins with `b_`, and texts.
 */
#include "sound.h"

#include <stdio.h>

#ifndef HAS_HEADER
#define HAS_HEADER(file) ((file)->line_count > 0 && line_at(file, 0).size > 0)
#endif
#ifndef AFTER_BATCH
#define AFTER_BATCH(file)
#endif

enum { most_columns = 64 };

typedef struct file {
    char *bytes;
    int64_t size, line_count, limit;
    /* Where each line begins, and where the last ends. */
    const char **lines;
    int32_t column_count, selected_count;
    dmt_reader_column columns[most_columns];
    int32_t selected[most_columns];
    /* The next line, and the first of the last batch. */
    int64_t line, first;
    void *values[most_columns];
    int64_t *offsets[most_columns];
    dmt_reader_values answer[most_columns];
    dmt_reader_problem *problems;
} file;

static void close_file(void *handle) {
    file *it = handle;
    if (!it) return;
    for (int32_t i = 0; i < it->selected_count; i++) free(it->values[i]), free(it->offsets[i]);
    free(it->bytes), free(it->lines), free(it->problems), free(it);
}

static dmt_str line_at(const file *it, int64_t line) {
    const char *start = it->lines[line];
    int64_t size = it->lines[line + 1] - start;
    return (dmt_str){start, size > 0 && start[size - 1] == '\n' ? size - 1 : size};
}

/* Pieces of a text, and piece number `index`; a text has one more than separators. */
static int64_t pieces(dmt_str text, char separator) {
    int64_t count = 1;
    for (int64_t i = 0; i < text.size; i++) count += text.data[i] == separator;
    return count;
}

static dmt_str piece(dmt_str text, char separator, int64_t index) {
    const char *start = text.data, *end = text.data + text.size;
    for (; index > 0; index--) start = (const char *)memchr(start, separator, (size_t)(end - start)) + 1;
    const char *stop = start < end ? memchr(start, separator, (size_t)(end - start)) : NULL;
    return (dmt_str){start, (stop ? stop : end) - start};
}

static dmt_status read_bytes(file *it, dmt_str name) {
    char path[4096];
    if (!name.data || name.size < 0 || name.size >= (int64_t)sizeof path) return fail(DMT_INVALID_ARGUMENT, "the path is too long");
    memcpy(path, name.data, (size_t)name.size);
    path[name.size] = 0;
    FILE *stream = fopen(path, "rb");
    if (!stream) return fail(DMT_NOT_FOUND, "the file cannot be opened");
    dmt_status status = DMT_OK;
    for (size_t found = 1; found > 0 && status == DMT_OK; it->size += (int64_t)found) {
        char *more = realloc(it->bytes, (size_t)it->size + 65536);
        found = more ? fread(more + it->size, 1, 65536, stream) : 0;
        if (more) it->bytes = more;
        if (!more || ferror(stream)) status = fail(DMT_UNAVAILABLE, "the file cannot be read");
    }
    fclose(stream);
    return status;
}

static dmt_status open_file(void *ctx, const dmt_reader_request *request, dmt_reader_file *answer) {
    (void)ctx;
    if (!request || request->struct_size < sizeof *request || request->batch_rows < 1 || !answer)
        return fail(DMT_INVALID_ARGUMENT, "the request or the place for the file is NULL");
    file *it = calloc(1, sizeof *it);
    if (!it) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a file");
    it->limit = request->batch_rows;
    it->line = 1;
    dmt_status status = read_bytes(it, request->path);
    if (status != DMT_OK) {
        close_file(it);
        return status;
    }
    for (int64_t i = 0; i < it->size; i++) it->line_count += i == 0 || it->bytes[i - 1] == '\n';
    if (it->line_count > 0) it->lines = malloc(((size_t)it->line_count + 1) * sizeof *it->lines);
    for (int64_t i = 0, line = 0; i < it->size; i++)
        if (i == 0 || it->bytes[i - 1] == '\n') it->lines[line++] = it->bytes + i;
    if (it->line_count > 0) it->lines[it->line_count] = it->bytes + it->size;
    it->problems = calloc((size_t)it->limit, sizeof *it->problems);
    int64_t count = HAS_HEADER(it) ? pieces(line_at(it, 0), ',') : 0;
    if (count < 1 || count > most_columns) {
        close_file(it);
        answer->failure.line = 1;
        return fail(DMT_INVALID_ARGUMENT, "the first line has no names of columns, or too many");
    }
    it->column_count = (int32_t)count;
    for (int32_t i = 0; i < it->column_count; i++) {
        dmt_str name = piece(line_at(it, 0), ',', i);
        it->columns[i].name = name;
        if (name.size > 1 && memcmp(name.data, "n_", 2) == 0) it->columns[i].type = DMT_COLUMN_I64;
        if (name.size > 1 && memcmp(name.data, "b_", 2) == 0) it->columns[i].flags = DMT_COLUMN_BAG;
    }
    answer->handle = it;
    answer->columns = it->columns;
    answer->column_count = it->column_count;
    answer->row_count = -1;
    return DMT_OK;
}

static dmt_status select_columns(void *handle, const int32_t *columns, int32_t count) {
    file *it = handle;
    for (int32_t i = 0; i < count; i++) it->selected[i] = columns[i];
    it->selected_count = count;
    return DMT_OK;
}

static int64_t whole_number(dmt_str text) {
    int64_t value = 0;
    for (int64_t i = 0; i < text.size && value < 1ll << 50; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9') value = 10 * value + (text.data[i] - '0');
    return value;
}

static dmt_status next(void *handle, dmt_reader_batch *batch) {
    file *it = handle;
    const dmt_cancel *cancel = service(DMT_SERVICE_CANCEL);
    if (cancel && cancel->is_requested(cancel->ctx)) return fail(DMT_CANCELLED, "the host asked to stop");
    int64_t rows = it->line_count - it->line;
    if (rows > it->limit) rows = it->limit;
    if (rows < 0) rows = 0;
    it->first = it->line;
    for (int64_t row = 0; row < rows; row++) {
        if (pieces(line_at(it, it->first + row), ',') == it->column_count) continue;
        it->problems[batch->problem_count++] =
            (dmt_reader_problem){row, {it->first + row + 1, 1}, TEXT("the line has another number of fields than the first")};
    }
    for (int32_t i = 0; i < it->selected_count; i++) {
        const dmt_reader_column *column = &it->columns[it->selected[i]];
        int64_t count = 0, room = rows;
        free(it->values[i]), free(it->offsets[i]);
        for (int64_t row = 0; row < rows && column->flags; row++) room += pieces(line_at(it, it->first + row), '|');
        it->values[i] = calloc((size_t)room + 1, sizeof(dmt_str));
        it->offsets[i] = calloc((size_t)rows + 1, sizeof(int64_t));
        for (int64_t row = 0; row < rows; row++) {
            dmt_str line = line_at(it, it->first + row), text = TEXT("");
            if (pieces(line, ',') == it->column_count) text = piece(line, ',', it->selected[i]);
            int64_t parts = !column->flags ? 1 : text.size ? pieces(text, '|') : 0;
            for (int64_t part = 0; part < parts; part++, count++) {
                if (column->type == DMT_COLUMN_I64) ((int64_t *)it->values[i])[count] = whole_number(text);
                else ((dmt_str *)it->values[i])[count] = column->flags ? piece(text, '|', part) : text;
            }
            it->offsets[i][row + 1] = count;
        }
        it->answer[i] = (dmt_reader_values){it->values[i], column->flags ? it->offsets[i] : NULL, NULL, count};
    }
    it->line += rows;
    batch->row_count = rows;
    batch->columns = it->answer;
    batch->problems = it->problems;
    AFTER_BATCH(it);
    return DMT_OK;
}

static dmt_status seek_row(void *handle, int64_t row) {
    file *it = handle;
    it->line = row < it->line_count ? row + 1 : it->line_count;
    return DMT_OK;
}

static dmt_status locate(void *handle, int64_t row, int32_t column, dmt_reader_place *place) {
    const file *it = handle;
    dmt_str line = line_at(it, it->first + row);
    place->line = it->first + row + 1;
    place->column = column < 0 ? 1 : piece(line, ',', it->selected[column]).data - line.data + 1;
    return DMT_OK;
}

static const dmt_reader table = {
    .struct_size = sizeof(dmt_reader), .revision = 1, .name = TEXT("com.example.commas"), .summary = TEXT("A fixture."),
    .content_revision = 1, .open = open_file, .select = select_columns, .next = next, .seek = seek_row, .locate = locate,
    .close = close_file};

SOUND_PLUGIN(DMT_KIND_READER, "com.example.commas", &table)
