/*
 * A reader in C: lines of fields behind a header line, as simple CSV has them, with typed columns and bags; and readers that break
 * the contract, each in its way.
 */
#include "fixture.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef DEFECT
#define DEFECT 0
#endif
#ifndef CONTENT_REVISION
#define CONTENT_REVISION 1
#endif
enum {
    NO_DEFECT, SHORT_COLUMN, FALLING_OFFSETS, NULL_TEXT, NULL_COLUMNS, TOO_MANY_ROWS, PROBLEMS_OUT_OF_ORDER, PROBLEM_PAST_END,
    COLUMN_NAMED_TWICE, ODD_COLUMN_TYPE, FEWER_ROWS_THAN_SAID, NO_NEXT, NAME_WITHOUT_DOT, ATTRIBUTE_NAMED_PATH, NO_REVISION,
    NEGATIVE_TEXT, NO_SEEK, NO_LOCATE
};

static const dmt_host *host;

static dmt_status fail(dmt_status status, const char *message) {
    host->set_error(host->ctx, status, (dmt_str){message, (int64_t)strlen(message)});
    return status;
}

static int is(dmt_str text, const char *name) {
    return text.size == (int64_t)strlen(name) && memcmp(text.data, name, (size_t)text.size) == 0;
}

static const dmt_attr *attribute(const dmt_attrs *attributes, const char *name) {
    for (int64_t i = 0; i < attributes->count; i++)
        if (is(attributes->items[i].name, name)) return &attributes->items[i];
    return NULL;
}

static int lists(const dmt_attrs *attributes, const char *name, dmt_str text) {
    const dmt_attr *list = attribute(attributes, name);
    for (int64_t i = 0; list && i < list->list_size; i++) {
        dmt_str item = ((const dmt_str *)list->list)[i];
        if (item.size == text.size && memcmp(item.data, text.data, (size_t)text.size) == 0) return 1;
    }
    return 0;
}

typedef struct values {
    void *values;
    int64_t *offsets;
    uint8_t *present;
    int64_t count, room;
} values;

typedef struct file {
    char *bytes;
    int64_t size;
    /* Where each line begins, the header's included, and where the last one ends. */
    const char **lines;
    int64_t line_count;
    char separator;
    int64_t fail_at;
    int32_t column_count;
    dmt_reader_column *columns;
    int32_t *selected;
    int32_t selected_count;
    /* The next row, the first of the last batch, the most of a batch. */
    int64_t row, first, limit;
    values *gathered;
    dmt_reader_values *answer;
    dmt_reader_problem *problems;
    char (*messages)[96];
} file;

static void close_file(void *handle) {
    file *f = handle;
    if (!f) return;
    for (int32_t i = 0; i < f->selected_count; i++) {
        free(f->gathered[i].values);
        free(f->gathered[i].offsets);
        free(f->gathered[i].present);
    }
    free(f->bytes);
    free(f->lines);
    free(f->columns);
    free(f->selected);
    free(f->gathered);
    free(f->answer);
    free(f->problems);
    free(f->messages);
    free(f);
}

static dmt_str line_at(const file *f, int64_t line) {
    const char *start = f->lines[line];
    int64_t size = f->lines[line + 1] - start;
    if (size > 0 && start[size - 1] == '\n') size--;
    return (dmt_str){start, size};
}

/* Field number `field` of a line; its data are NULL when there are fewer. */
static dmt_str field_of(const file *f, dmt_str line, int32_t field) {
    const char *start = line.data, *end = line.data + line.size;
    for (; field > 0; field--) {
        start = memchr(start, f->separator, (size_t)(end - start));
        if (!start) return (dmt_str){NULL, 0};
        start++;
    }
    const char *stop = memchr(start, f->separator, (size_t)(end - start));
    return (dmt_str){start, (stop ? stop : end) - start};
}

static int32_t field_count(const file *f, dmt_str line) {
    int32_t count = 1;
    for (int64_t i = 0; i < line.size; i++) count += line.data[i] == f->separator;
    return count;
}

static dmt_status open_file(void *ctx, const dmt_reader_request *request, dmt_reader_file *answer) {
    (void)ctx;
    char path[4096];
    if (request->path.size >= (int64_t)sizeof path) return fail(DMT_INVALID_ARGUMENT, "the path is too long");
    memcpy(path, request->path.data, (size_t)request->path.size);
    path[request->path.size] = 0;
    FILE *stream = fopen(path, "rb");
    if (!stream) return fail(DMT_NOT_FOUND, strerror(errno));
    file *f = calloc(1, sizeof *f);
    fseek(stream, 0, SEEK_END);
    f->size = ftell(stream);
    rewind(stream);
    f->bytes = malloc((size_t)f->size + 1);
    f->size = (int64_t)fread(f->bytes, 1, (size_t)f->size, stream);
    fclose(stream);
    for (int64_t i = 0; i < f->size; i++) f->line_count += f->bytes[i] == '\n';
    f->line_count += f->size > 0 && f->bytes[f->size - 1] != '\n';
    f->lines = malloc(((size_t)f->line_count + 1) * sizeof *f->lines);
    int64_t line = 0;
    for (int64_t i = 0; i < f->size; i++)
        if (i == 0 || f->bytes[i - 1] == '\n') f->lines[line++] = f->bytes + i;
    f->lines[line] = f->bytes + f->size;
    if (f->line_count == 0 || f->bytes[0] == '{') {
        close_file(f);
        answer->failure = (dmt_reader_place){1, 1};
        return fail(DMT_INVALID_ARGUMENT, "the file begins with no header line, expected names of columns");
    }
    f->separator = attribute(&request->attributes, "separator")->str.data[0];
    f->fail_at = attribute(&request->attributes, "fail_at")->i64;
    f->limit = request->batch_rows;
    dmt_str header = line_at(f, 0);
    f->column_count = field_count(f, header);
    f->columns = calloc((size_t)f->column_count, sizeof *f->columns);
    for (int32_t i = 0; i < f->column_count; i++) {
        dmt_str name = field_of(f, header, i);
        f->columns[i].name = name;
        if (name.size == 0) {
            close_file(f);
            answer->failure = (dmt_reader_place){1, 1};
            return fail(DMT_INVALID_ARGUMENT, "a column has no name in the header line");
        }
        if (lists(&request->attributes, "integers", name)) f->columns[i].type = DMT_COLUMN_I64;
        if (lists(&request->attributes, "numbers", name)) f->columns[i].type = DMT_COLUMN_F64;
        if (lists(&request->attributes, "bags", name)) f->columns[i].flags = DMT_COLUMN_BAG;
    }
    if (DEFECT == COLUMN_NAMED_TWICE) f->columns[1].name = f->columns[0].name;
    if (DEFECT == ODD_COLUMN_TYPE) f->columns[0].type = 9;
    answer->handle = f;
    answer->columns = f->columns;
    answer->column_count = f->column_count;
    answer->row_count = f->line_count - 1 + (DEFECT == FEWER_ROWS_THAN_SAID ? 5 : 0);
    return DMT_OK;
}

static dmt_status select_columns(void *handle, const int32_t *columns, int32_t count) {
    file *f = handle;
    f->selected = malloc(((size_t)count + 1) * sizeof *f->selected);
    memcpy(f->selected, columns, (size_t)count * sizeof *columns);
    f->selected_count = count;
    f->gathered = calloc((size_t)count + 1, sizeof *f->gathered);
    f->answer = calloc((size_t)count + 1, sizeof *f->answer);
    f->problems = calloc((size_t)f->limit, sizeof *f->problems);
    f->messages = calloc((size_t)f->limit, sizeof *f->messages);
    return DMT_OK;
}

static void make_room(values *v, int64_t more) {
    if (v->count + more <= v->room) return;
    v->room = 2 * (v->count + more);
    v->values = realloc(v->values, (size_t)v->room * sizeof(dmt_str));
    v->present = realloc(v->present, (size_t)v->room);
}

/* Adds one value; 0 when it is not of the column's type. */
static int add(values *v, int32_t type, dmt_str text) {
    make_room(v, 1);
    char digits[64], *end = digits;
    v->present[v->count] = text.size > 0;
    if (type == DMT_COLUMN_TEXT) {
        ((dmt_str *)v->values)[v->count++] = text;
        return 1;
    }
    int is_number = text.size < (int64_t)sizeof digits;
    memcpy(digits, text.data ? text.data : "", is_number ? (size_t)text.size : 0);
    digits[is_number ? text.size : 0] = 0;
    if (type == DMT_COLUMN_I64) ((int64_t *)v->values)[v->count++] = strtoll(digits, &end, 10);
    else ((double *)v->values)[v->count++] = text.size ? strtod(digits, &end) : (double)NAN;
    return is_number && (text.size == 0 || (end != digits && *end == 0));
}

static dmt_status next_rows(void *handle, dmt_reader_batch *batch) {
    file *f = handle;
    int64_t rows = f->line_count - 1 - f->row;
    if (rows > f->limit) rows = f->limit;
    if (rows < 0) rows = 0;
    f->first = f->row;
    for (int32_t i = 0; i < f->selected_count; i++) {
        f->gathered[i].count = 0;
        f->gathered[i].offsets = realloc(f->gathered[i].offsets, ((size_t)rows + 1) * sizeof(int64_t));
        f->gathered[i].offsets[0] = 0;
    }
    int64_t problems = 0;
    for (int64_t row = 0; row < rows; row++) {
        int64_t number = f->row + row + 2;
        if (number == f->fail_at) {
            batch->failure = (dmt_reader_place){number, 1};
            return fail(DMT_UNAVAILABLE, "the rest of the file is gone");
        }
        dmt_str line = line_at(f, f->row + row + 1);
        int bad = 0;
        if (field_count(f, line) != f->column_count) {
            bad = 1;
            snprintf(f->messages[problems], sizeof *f->messages, "the row has %d fields, expected %d", field_count(f, line),
                     f->column_count);
            f->problems[problems].place = (dmt_reader_place){number, line.size + 1};
        }
        for (int32_t i = 0; i < f->selected_count; i++) {
            const dmt_reader_column *column = &f->columns[f->selected[i]];
            values *v = &f->gathered[i];
            dmt_str text = bad ? (dmt_str){NULL, 0} : field_of(f, line, f->selected[i]);
            if (!(column->flags & DMT_COLUMN_BAG)) {
                if (!add(v, column->type, text) && !bad) {
                    bad = 1;
                    snprintf(f->messages[problems], sizeof *f->messages, "column '%.*s' needs a number, found '%.*s'",
                             (int)column->name.size, column->name.data, (int)text.size, text.data);
                    f->problems[problems].place = (dmt_reader_place){number, text.data - line.data + 1};
                }
                continue;
            }
            while (text.data && text.size > 0) {
                const char *bar = memchr(text.data, '|', (size_t)text.size);
                int64_t size = bar ? bar - text.data : text.size;
                add(v, column->type, (dmt_str){text.data, size});
                text = bar ? (dmt_str){bar + 1, text.size - size - 1} : (dmt_str){NULL, 0};
            }
            v->offsets[row + 1] = v->count;
        }
        if (bad) {
            f->problems[problems].row = row;
            f->problems[problems].message = (dmt_str){f->messages[problems], (int64_t)strlen(f->messages[problems])};
            problems++;
        }
    }
    f->row += rows;
    for (int32_t i = 0; i < f->selected_count; i++) {
        values *v = &f->gathered[i];
        int is_bag = f->columns[f->selected[i]].flags & DMT_COLUMN_BAG;
        f->answer[i] = (dmt_reader_values){v->values, is_bag ? v->offsets : NULL, v->present, v->count};
        if (DEFECT == SHORT_COLUMN && !is_bag && rows > 0) f->answer[i].value_count--;
        if (DEFECT == FALLING_OFFSETS && is_bag && rows > 2) v->offsets[2] = v->count + 1;
        if (DEFECT == NULL_TEXT && v->count > 0) f->answer[i].values = NULL;
        if (DEFECT == NEGATIVE_TEXT && v->count > 0 && f->columns[f->selected[i]].type == DMT_COLUMN_TEXT)
            ((dmt_str *)v->values)[0].size = -4;
    }
    batch->row_count = DEFECT == TOO_MANY_ROWS ? f->limit + 1 : rows;
    batch->columns = DEFECT == NULL_COLUMNS ? NULL : f->answer;
    batch->problems = f->problems;
    batch->problem_count = problems;
    if (DEFECT == PROBLEMS_OUT_OF_ORDER && rows > 2) {
        f->problems[0].row = 1;
        f->problems[1].row = 1;
        batch->problem_count = 2;
    }
    if (DEFECT == PROBLEM_PAST_END && rows > 0) {
        f->problems[0].row = rows;
        batch->problem_count = 1;
    }
    return DMT_OK;
}

static dmt_status seek_row(void *handle, int64_t row) {
    file *f = handle;
    f->row = row < f->line_count - 1 ? row : f->line_count - 1;
    return DMT_OK;
}

static dmt_status locate(void *handle, int64_t row, int32_t column, dmt_reader_place *place) {
    const file *f = handle;
    dmt_str line = line_at(f, f->first + row + 1);
    place->line = f->first + row + 2;
    place->column = column < 0 ? 1 : field_of(f, line, f->selected[column]).data - line.data + 1;
    return DMT_OK;
}

#define LIST(key, text)                                                                                   \
    {.struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_STR_LIST, .flags = DMT_FIELD_HAS_DEFAULT, \
     .name = TEXT(key), .summary = TEXT(text), .default_value = {.type = DMT_ATTR_STR_LIST}}
static const dmt_attr_field separator = {
    .struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_STR, .flags = DMT_FIELD_HAS_DEFAULT, .name = TEXT("separator"),
    .summary = TEXT("The byte between fields."), .default_value = {.type = DMT_ATTR_STR, .str = TEXT(",")}};
static const dmt_attr_field fail_at = {
    .struct_size = sizeof(dmt_attr_field), .type = DMT_ATTR_I64, .flags = DMT_FIELD_HAS_DEFAULT | DMT_FIELD_HAS_MINIMUM,
    .name = TEXT("fail_at"), .summary = TEXT("The line at which reading fails; 0: none."),
    .default_value = {.type = DMT_ATTR_I64, .i64 = 0}};
static const dmt_attr_field integers = LIST("integers", "Columns of whole numbers.");
static const dmt_attr_field numbers = LIST("numbers", "Columns of numbers.");
static const dmt_attr_field bags = LIST("bags", "Columns of values between bars.");
static const dmt_attr_field path = LIST("path", "Not an attribute.");
static const dmt_attr_field *const fields[] = {
    &separator, &fail_at, &integers, &numbers, DEFECT == ATTRIBUTE_NAMED_PATH ? &path : &bags};

#define NAME (DEFECT == NAME_WITHOUT_DOT ? "lines" : "com.example.lines")
#define NAME_SIZE (DEFECT == NAME_WITHOUT_DOT ? 5 : 17)

static const dmt_reader reader = {
    .struct_size = sizeof(dmt_reader), .revision = 1, .name = {NAME, NAME_SIZE},
    .summary = TEXT("Lines of fields behind a header line."), .attributes = {fields, 5},
    .content_revision = DEFECT == NO_REVISION ? 0 : CONTENT_REVISION, .open = open_file, .select = select_columns,
    .next = DEFECT == NO_NEXT ? NULL : next_rows, .seek = DEFECT == NO_SEEK ? NULL : seek_row,
    .locate = DEFECT == NO_LOCATE ? NULL : locate, .close = close_file};

static const dmt_component component = {
    .struct_size = sizeof(dmt_component), .revision = 1, .kind = TEXT(DMT_KIND_READER), .id = {NAME, NAME_SIZE},
    .summary = TEXT("Lines of fields behind a header line.")};
static const dmt_component *const components[] = {&component};

static const dmt_plugin_descriptor descriptor = {
    DESCRIPTOR_HEAD("com.example.reader", DMT_ABI_MAJOR, DMT_ABI_MINOR, 0), .component_count = 1, .components = components};

static dmt_status initialize(const dmt_host *given) {
    host = given;
    return DMT_OK;
}

static const void *get_component(dmt_str kind, dmt_str id, int32_t revision) {
    return revision == 1 && is(kind, DMT_KIND_READER) && is(id, NAME) ? &reader : NULL;
}

static const dmt_plugin plugin = {
    .struct_size = sizeof(dmt_plugin), .descriptor = &descriptor, .initialize = initialize,
    .get_component = get_component};

const dmt_plugin *dmt_plugin_entry(void) { return &plugin; }
