/* `@COMPONENT@` reads lines of fields that blanks separate, the columns' names in the first. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */

#include "contract.h"

#include <unistd.h>

static const char contents[] = "label user  item\n1 ann x\n\n0 bob -\n0 two\n1\tcid z\n";

static int is(dmt_str text, const char *expected) {
    return (size_t)text.size == strlen(expected) && (text.size == 0 || memcmp(text.data, expected, (size_t)text.size) == 0);
}

static dmt_status open_path(const dmt_reader *reader, const char *path, int64_t batch_rows, dmt_reader_file *file) {
    dmt_reader_request request = {.struct_size = sizeof request, .path = str(path), .batch_rows = batch_rows, .threads = 1};
    *file = (dmt_reader_file){.struct_size = sizeof *file};
    return reader->open(reader->ctx, &request, file);
}

/* Reads the whole file in batches of some size, columns `item` and `label`. */
static void reads(const dmt_reader *reader, const char *path, int64_t batch_rows) {
    static const char *const items[] = {"x", "", NULL, "z"}, *const labels[] = {"1", "0", NULL, "1"};
    static const int64_t lines[] = {2, 4, 5, 6};
    dmt_reader_file file;
    REQUIRE(open_path(reader, path, batch_rows, &file) == DMT_OK, "open: %s", last_error);
    REQUIRE(file.column_count == 3, "%d columns", file.column_count);
    EXPECT(is(file.columns[0].name, "label") && is(file.columns[1].name, "user") && is(file.columns[2].name, "item"), "names");
    static const int32_t wanted[] = {2, 0};
    EXPECT(reader->select(file.handle, wanted, 2) == DMT_OK, "select: %s", last_error);
    int row = 0, problems = 0;
    for (;;) {
        dmt_reader_batch batch = {.struct_size = sizeof batch};
        REQUIRE(reader->next(file.handle, &batch) == DMT_OK, "next: %s", last_error);
        if (batch.row_count == 0) break;
        REQUIRE(batch.row_count <= batch_rows && row + batch.row_count <= 4, "%lld rows", (long long)batch.row_count);
        int bad[4] = {0};
        for (int64_t i = 0; i < batch.problem_count; i++) {
            REQUIRE(batch.problems[i].row >= 0 && batch.problems[i].row < batch.row_count, "a problem of no row");
            bad[batch.problems[i].row] = 1;
            EXPECT(batch.problems[i].message.size > 0 && batch.problems[i].place.line == 5, "a problem without words or place");
            problems++;
        }
        for (int64_t i = 0; i < batch.row_count; i++, row++) {
            EXPECT(bad[i] == (items[row] == NULL), "row %d", row);
            if (bad[i]) continue;
            int is_missing = batch.columns[0].present && !batch.columns[0].present[i];
            dmt_str item = is_missing ? str("") : ((const dmt_str *)batch.columns[0].values)[i];
            dmt_str label = ((const dmt_str *)batch.columns[1].values)[i];
            EXPECT(is(item, items[row]) && is(label, labels[row]), "row %d is %.*s", row, (int)item.size, item.data);
            dmt_reader_place place = {0, 0};
            if (reader->locate)
                EXPECT(reader->locate(file.handle, i, 1, &place) == DMT_OK && place.line == lines[row], "line %lld", (long long)place.line);
        }
    }
    EXPECT(row == 4 && problems == 1, "%d rows, %d of them bad", row, problems);
    reader->close(file.handle);
}

int main(int argc, char **argv) {
    load(argc > 1 ? argv[1] : NULL);
    const dmt_reader *reader = component(DMT_KIND_READER, "@COMPONENT@");
    EXPECT(reader->content_revision >= 1, "the content's revision is %d", reader->content_revision);
    char path[] = "/tmp/@NAME@-XXXXXX";
    int descriptor = mkstemp(path);
    REQUIRE(descriptor >= 0 && write(descriptor, contents, sizeof contents - 1) == (ssize_t)sizeof contents - 1, "no file");
    close(descriptor);
    for (int64_t batch_rows = 1; batch_rows <= 5; batch_rows++) reads(reader, path, batch_rows);

    dmt_reader_file file;
    REQUIRE(truncate(path, 0) == 0, "the file stays as it is");
    last_error[0] = 0;
    EXPECT(open_path(reader, path, 4, &file) != DMT_OK && last_error[0], "an empty file was opened");
    unlink(path);
    last_error[0] = 0;
    EXPECT(open_path(reader, path, 4, &file) == DMT_NOT_FOUND && last_error[0], "a file that is not there was opened");
    return finish();
}
