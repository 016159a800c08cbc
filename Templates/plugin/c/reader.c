/**
 * The reader `@COMPONENT@`: lines of fields that blanks separate; the first line has the columns' names.
 *
 * A field is a text, `-` a missing one. Empty lines are passed over. A line with another number of fields is a bad row.
 */
#define _POSIX_C_SOURCE 200809L /* getline */

#include "plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct file {
    FILE *stream;
    char *header;
    int32_t column_count;
    dmt_reader_column *columns;
    /* The columns that batches hold. */
    int32_t selected_count;
    int32_t *selected;
    int64_t line;
    /* The last batch: a copy of every row's line, where it stands, and for each selected column [batch_rows] values. */
    int64_t batch_rows, row_count;
    char **rows;
    int64_t *lines;
    dmt_str *values;
    dmt_reader_values *answer;
    dmt_reader_problem *problems;
    char (*messages)[96];
} file;

static const char blanks[] = " \t\r\n";

/* The next field at *place, which moves behind it; its size is 0 at the end of the line. */
static dmt_str field(const char **place) {
    const char *start = *place + strspn(*place, blanks);
    size_t size = strcspn(start, blanks);
    *place = start + size;
    return (dmt_str){start, (int64_t)size};
}

static int32_t field_count(const char *line) {
    int32_t count = 0;
    while (field(&line).size > 0) count++;
    return count;
}

/* The next line that is not empty, a copy of it; NULL at the end, or where reading failed. */
static char *next_line(file *in) {
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, in->stream) >= 0) {
        in->line++;
        if (line[strspn(line, blanks)] != 0) return line;
    }
    free(line);
    return NULL;
}

static void close_file(void *handle) {
    file *it = handle;
    for (int64_t i = 0; i < it->row_count; i++) free(it->rows[i]);
    if (it->stream) fclose(it->stream);
    void *parts[] = {it->header, it->columns, it->selected, it->rows, it->lines, it->values, it->answer, it->problems, it->messages};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    free(it);
}

static dmt_status open_file(void *ctx, const dmt_reader_request *request, dmt_reader_file *answer) {
    (void)ctx;
    if (!request || request->struct_size < sizeof *request || !request->path.data || request->batch_rows < 1 || !answer)
        return fail(DMT_INVALID_ARGUMENT, "@COMPONENT@: the request or the place for the answer is NULL");
    file *it = calloc(1, sizeof *it);
    char *path = strndup(request->path.data, (size_t)request->path.size);
    if (!it || !path) {
        free(it), free(path);
        return fail(DMT_RESOURCE_EXHAUSTED, "no memory for a file");
    }
    it->stream = fopen(path, "r");
    free(path);
    if (!it->stream) {
        free(it);
        return fail(errno == ENOENT ? DMT_NOT_FOUND : DMT_UNAVAILABLE, "the file cannot be opened: %s", strerror(errno));
    }
    it->batch_rows = request->batch_rows;
    it->header = next_line(it);
    it->column_count = it->header ? field_count(it->header) : 0;
    size_t rows = (size_t)it->batch_rows;
    it->columns = calloc((size_t)it->column_count + 1, sizeof *it->columns);
    it->rows = calloc(rows, sizeof *it->rows);
    it->lines = calloc(rows, sizeof *it->lines);
    it->problems = calloc(rows, sizeof *it->problems);
    it->messages = calloc(rows, sizeof *it->messages);
    if (it->column_count == 0 || it->column_count > DMT_MAX_COLUMNS) {
        close_file(it);
        answer->failure.line = 1;
        return fail(DMT_INVALID_ARGUMENT, "the first line names no columns, or more than %d", DMT_MAX_COLUMNS);
    }
    if (!it->columns || !it->rows || !it->lines || !it->problems || !it->messages) {
        close_file(it);
        return fail(DMT_RESOURCE_EXHAUSTED, "no memory for batches of %lld rows", (long long)request->batch_rows);
    }
    const char *place = it->header;
    for (int32_t i = 0; i < it->column_count; i++) it->columns[i].name = field(&place);
    answer->handle = it;
    answer->columns = it->columns;
    answer->column_count = it->column_count;
    answer->row_count = -1;
    return DMT_OK;
}

static dmt_status select_columns(void *handle, const int32_t *columns, int32_t count) {
    file *it = handle;
    for (int32_t i = 0; i < count; i++)
        if (columns[i] < 0 || columns[i] >= it->column_count)
            return fail(DMT_OUT_OF_RANGE, "column %d of %d", columns[i], it->column_count);
    it->selected = calloc((size_t)count + 1, sizeof *it->selected);
    it->answer = calloc((size_t)count + 1, sizeof *it->answer);
    it->values = calloc((size_t)count * (size_t)it->batch_rows + 1, sizeof *it->values);
    if (!it->selected || !it->answer || !it->values) return fail(DMT_RESOURCE_EXHAUSTED, "no memory for %d columns", count);
    for (int32_t i = 0; i < count; i++) it->selected[i] = columns[i];
    it->selected_count = count;
    return DMT_OK;
}

/* Field number `column` of a row of the last batch; its size is 0 where the row has fewer. */
static dmt_str field_of(const file *it, int64_t row, int32_t column) {
    const char *place = it->rows[row];
    for (int32_t i = 0; i < column; i++) field(&place);
    return field(&place);
}

static dmt_status next(void *handle, dmt_reader_batch *batch) {
    file *it = handle;
    for (int64_t i = 0; i < it->row_count; i++) free(it->rows[i]);
    it->row_count = 0;
    for (; it->row_count < it->batch_rows; it->row_count++) {
        int64_t row = it->row_count;
        char *line = next_line(it);
        if (!line) break;
        it->rows[row] = line;
        it->lines[row] = it->line;
        int32_t found = field_count(line);
        if (found != it->column_count) {
            char *message = it->messages[batch->problem_count];
            snprintf(message, sizeof *it->messages, "%d fields, expected %d", found, it->column_count);
            it->problems[batch->problem_count++] = (dmt_reader_problem){row, {it->line, 1}, text(message)};
        }
        for (int32_t i = 0; i < it->selected_count; i++) {
            dmt_str value = found == it->column_count ? field_of(it, row, it->selected[i]) : (dmt_str)TEXT("");
            if (is_text(value, "-")) value.size = 0; /* missing */
            it->values[i * it->batch_rows + row] = value;
        }
    }
    if (ferror(it->stream)) {
        batch->failure.line = it->line + 1;
        return fail(DMT_UNAVAILABLE, "the file cannot be read on: %s", strerror(errno));
    }
    for (int32_t i = 0; i < it->selected_count; i++)
        it->answer[i] = (dmt_reader_values){.values = it->values + i * it->batch_rows, .value_count = it->row_count};
    batch->row_count = it->row_count;
    batch->columns = it->selected_count > 0 ? it->answer : NULL;
    batch->problems = batch->problem_count > 0 ? it->problems : NULL;
    return DMT_OK;
}

static dmt_status locate(void *handle, int64_t row, int32_t column, dmt_reader_place *place) {
    const file *it = handle;
    if (row < 0 || row >= it->row_count || column >= it->selected_count)
        return fail(DMT_OUT_OF_RANGE, "row %lld of %lld", (long long)row, (long long)it->row_count);
    place->line = it->lines[row];
    place->column = column < 0 ? 0 : field_of(it, row, it->selected[column]).data - it->rows[row] + 1;
    return DMT_OK;
}

static const dmt_reader table = {
    .struct_size = sizeof(dmt_reader),
    .revision = 1,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("Lines of fields that blanks separate, the columns' names in the first."),
    .content_revision = 1,
    .open = open_file,
    .select = select_columns,
    .next = next,
    .locate = locate,
    .close = close_file,
};

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_READER),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Lines of fields that blanks separate, the columns' names in the first."),
};
const void *const component_table = &table;
