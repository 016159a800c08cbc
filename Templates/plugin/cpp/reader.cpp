/**
 * The reader `@COMPONENT@`: lines of fields that blanks separate; the first line has the columns' names.
 *
 * A field is a text, `-` a missing one. Empty lines are passed over. A line with another number of fields is a bad row.
 */
#include "plugin.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace {

constexpr std::string_view blanks = " \t\r\n";

/** The fields of a line; they point into it. */
std::vector<std::string_view> fields(std::string_view line) {
    std::vector<std::string_view> found;
    for (size_t start = 0; (start = line.find_first_not_of(blanks, start)) != line.npos;) {
        size_t end = std::min(line.find_first_of(blanks, start), line.size());
        found.push_back(line.substr(start, end - start));
        start = end;
    }
    return found;
}

/** An open file, and its last batch. */
class File {
  public:
    File(const std::string &path, int64_t batch_rows) : stream(path), batch_rows(batch_rows) {
        if (!stream) throw Failure{errno == ENOENT ? DMT_NOT_FOUND : DMT_UNAVAILABLE, std::string("the file cannot be opened: ") + std::strerror(errno)};
        next_line(header);
        for (std::string_view name : fields(header)) columns.push_back({.name = text(name), .type = DMT_COLUMN_TEXT, .flags = 0});
        if (columns.empty() || columns.size() > DMT_MAX_COLUMNS)
            throw Failure{DMT_INVALID_ARGUMENT, "the first line names no columns, or more than " + std::to_string(DMT_MAX_COLUMNS)};
    }

    void select(const int32_t *given, int32_t count) {
        for (int32_t i = 0; i < count; i++)
            if (given[i] < 0 || static_cast<size_t>(given[i]) >= columns.size())
                throw Failure{DMT_OUT_OF_RANGE, "column " + std::to_string(given[i]) + " of " + std::to_string(columns.size())};
        selected.assign(given, given + count);
    }

    void next(dmt_reader_batch &batch) {
        rows.clear();
        rows.reserve(static_cast<size_t>(batch_rows)); // the values point into the lines: these may not move
        values.assign(selected.size(), {});
        problems.clear();
        messages.clear();
        std::string text_of_line;
        while (static_cast<int64_t>(rows.size()) < batch_rows && next_line(text_of_line)) add(std::move(text_of_line));
        if (stream.bad()) throw Failure{DMT_UNAVAILABLE, "the file cannot be read on"};
        for (size_t i = 0; i < problems.size(); i++) problems[i].message = text(messages[i]);
        answer.clear();
        for (auto &column : values)
            answer.push_back({.values = column.data(), .offsets = nullptr, .present = nullptr, .value_count = static_cast<int64_t>(column.size())});
        batch.row_count = static_cast<int64_t>(rows.size());
        batch.columns = answer.empty() ? nullptr : answer.data();
        batch.problems = problems.empty() ? nullptr : problems.data();
        batch.problem_count = static_cast<int64_t>(problems.size());
    }

    dmt_reader_place place(int64_t row, int32_t column) const {
        if (row < 0 || static_cast<size_t>(row) >= rows.size() || column >= static_cast<int32_t>(selected.size()))
            throw Failure{DMT_OUT_OF_RANGE, "row " + std::to_string(row) + " of " + std::to_string(rows.size())};
        const Row &at = rows[static_cast<size_t>(row)];
        auto found = fields(at.text);
        if (column < 0 || static_cast<size_t>(selected[column]) >= found.size()) return {at.line, 0};
        return {at.line, found[selected[column]].data() - at.text.data() + 1};
    }

    std::vector<dmt_reader_column> columns;
    int64_t line = 0;

  private:
    struct Row {
        std::string text;
        int64_t line;
    };

    /** The next line that is not empty; false at the end. */
    bool next_line(std::string &read) {
        while (std::getline(stream, read)) {
            line++;
            if (read.find_first_not_of(blanks) != read.npos) return true;
        }
        return false;
    }

    void add(std::string read) {
        const Row &row = rows.emplace_back(Row{std::move(read), line});
        auto found = fields(row.text);
        bool is_whole = found.size() == columns.size();
        if (!is_whole) {
            messages.push_back(std::to_string(found.size()) + " fields, expected " + std::to_string(columns.size()));
            problems.push_back({.row = static_cast<int64_t>(rows.size()) - 1, .place = {line, 1}, .message = {}});
        }
        for (size_t i = 0; i < selected.size(); i++) {
            std::string_view value = is_whole ? found[selected[i]] : "";
            values[i].push_back(text(value == "-" ? "" : value)); // `-` is a missing value
        }
    }

    std::ifstream stream;
    int64_t batch_rows;
    std::string header;
    std::vector<int32_t> selected;
    std::vector<Row> rows;
    std::vector<std::vector<dmt_str>> values;
    std::vector<dmt_reader_values> answer;
    std::vector<dmt_reader_problem> problems;
    std::vector<std::string> messages;
};

dmt_status open_file(void *, const dmt_reader_request *request, dmt_reader_file *answer) {
    return guarded([&] {
        if (!request || request->struct_size < sizeof *request || !request->path.data || request->batch_rows < 1 || !answer)
            throw Failure{DMT_INVALID_ARGUMENT, "@COMPONENT@: the request or the place for the answer is NULL"};
        auto file = std::make_unique<File>(std::string(view(request->path)), request->batch_rows);
        answer->columns = file->columns.data();
        answer->column_count = static_cast<int32_t>(file->columns.size());
        answer->row_count = -1;
        answer->handle = file.release();
    });
}

dmt_status select_columns(void *handle, const int32_t *columns, int32_t count) {
    return guarded([&] { static_cast<File *>(handle)->select(columns, count); });
}

dmt_status next(void *handle, dmt_reader_batch *batch) {
    File &file = *static_cast<File *>(handle);
    dmt_status status = guarded([&] { file.next(*batch); });
    if (status != DMT_OK) batch->failure.line = file.line + 1;
    return status;
}

dmt_status locate(void *handle, int64_t row, int32_t column, dmt_reader_place *place) {
    return guarded([&] { *place = static_cast<const File *>(handle)->place(row, column); });
}

void close_file(void *handle) { delete static_cast<File *>(handle); }

const dmt_reader table = {
    .struct_size = sizeof(dmt_reader),
    .revision = 1,
    .ctx = nullptr,
    .name = TEXT("@COMPONENT@"),
    .summary = TEXT("Lines of fields that blanks separate, the columns' names in the first."),
    .attributes = {nullptr, 0},
    .content_revision = 1,
    .reserved = 0,
    .open = open_file,
    .select = select_columns,
    .next = next,
    .seek = nullptr,
    .locate = locate,
    .close = close_file,
};

} // namespace

const dmt_component component = {
    .struct_size = sizeof(dmt_component),
    .revision = 1,
    .kind = TEXT(DMT_KIND_READER),
    .id = TEXT("@COMPONENT@"),
    .summary = TEXT("Lines of fields that blanks separate, the columns' names in the first."),
};
const void *const component_table = &table;
