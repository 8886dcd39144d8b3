#include "config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "config/cutover_reader.h"
#include "config/reader.h"
#include "config/store_reader.h"
#include "config/yaml.h"

namespace wherry::config {

namespace {

constexpr std::size_t largest_file = 1U << 20U;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class MigrationReader {
 public:
  MigrationReader(const Node& root, const std::filesystem::path& file, const Surroundings& around,
                  Problems& problems)
      : around_(around),
        problems_(problems),
        reader_(problems),
        root_({&root, ""}, "keys such as name, source and target", reader_) {
    migration_.file = file;
    folder_ = std::filesystem::absolute(file).parent_path();
  }

  Migration read() {
    if (!root_.usable()) return migration_;
    read_name();
    read_stores();
    read_tables();
    read_routes();
    read_limits();
    read_ddl();
    read_definers();
    read_verify();
    read_cutover();
    read_journal();
    if (auto id = reader_.whole(root_.get("server_id"), 1, UINT32_MAX)) {
      migration_.server_id = static_cast<std::uint32_t>(*id);
    }
    root_.finish();
    return migration_;
  }

 private:
  // The name becomes a folder and a part of a systemd unit's name.
  void read_name() {
    constexpr std::string_view form =
        "1 to 40 of a-z, A-Z, 0-9, - and _, the first a letter or digit";
    const Field field = root_.required("name", "add name: shop (a word for this migration)");
    const auto text = reader_.text(field, form);
    if (!text) return;
    constexpr std::size_t longest = 40;
    auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    auto fits = [&](char c) { return plain(c) || c == '-' || c == '_'; };
    if (text->size() > longest || !plain((*text)[0]) ||
        !std::all_of(text->begin(), text->end(), fits)) {
      reader_.bad_value(field, *text, form);
      return;
    }
    migration_.name = *text;
  }

  void read_stores() {
    const Field source = root_.required("source", "add source: with type, host and user");
    const Field target = root_.required("target", "add target: with type, host and user");
    const auto from = read_store(source, Side::source, folder_, reader_);
    const auto to = read_store(target, Side::target, folder_, reader_);
    if (from) migration_.source = *from;
    if (to) migration_.target = *to;
    if (!from || !to) return;
    rows_ = std::holds_alternative<MysqlStore>(*from);
    if (from->index() != to->index()) {
      problems_.add(target.place(), "config.families_differ",
                    fmt::format("the source is {}, the target {}: rows do not go to files, nor "
                                "files to tables",
                                kind_name(*from), kind_name(*to)),
                    "give both sides the same type");
      return;
    }
    if (const auto* from_files = std::get_if<FileStore>(&*from)) {
      check_apart(*from_files, std::get<FileStore>(*to), target.place());
    }
  }

  void check_apart(const FileStore& from, const FileStore& to, Place place) {
    auto inside = [](const std::filesystem::path& outer, const std::filesystem::path& inner) {
      return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first ==
             outer.end();
    };
    if (from.path.empty() || to.path.empty()) return;
    if (!inside(from.path, to.path) && !inside(to.path, from.path)) return;
    problems_.add(place, "config.same_store",
                  "source and target are one tree, or one holds the other",
                  "choose folders apart from each other");
  }

  bool only_for_rows(const Field& field, std::string_view key) {
    if (!field) return false;
    if (rows_.value_or(true)) return true;
    problems_.add(root_.key_place(key), "config.wrong_store_key",
                  fmt::format("'{}' is about tables, these stores hold files", key), "remove it");
    return false;
  }

  void read_tables() {
    const Field section = root_.get("tables").or_absent();
    if (only_for_rows(section, "tables")) {
      Keys keys(section, "include: and exclude:, lists of schema.table", reader_);
      read_globs(keys.get("include"), migration_.tables.include, true);
      read_globs(keys.get("exclude"), migration_.tables.exclude, false);
      keys.finish();
    }
    if (migration_.tables.include.empty()) {
      migration_.tables.include.push_back(std::get<TableGlob>(TableGlob::parse("*.*")));
    }
  }

  void read_globs(const Field& field, std::vector<TableGlob>& globs, bool includes) {
    constexpr std::string_view form = "a list such as [shop.*, crm.customer_*]";
    const auto list = reader_.list(field, form);
    if (!list) return;
    if (includes && list->empty()) {
      problems_.add(field.place(), "config.bad_value", "tables.include: the list is empty",
                    "leave it out to move every table");
    }
    for (const Field& item : *list) {
      const auto text = reader_.text(item, "schema.table");
      if (!text) continue;
      auto parsed = TableGlob::parse(*text);
      if (const auto* error = std::get_if<PatternError>(&parsed)) {
        problems_.add(item.place(), "config.bad_glob",
                      fmt::format("{}: '{}' is no pattern", item.path, base::printable(*text)),
                      error->why);
        continue;
      }
      auto& glob = std::get<TableGlob>(parsed);
      const std::string* schema = glob.schema.literal();
      if (includes && schema != nullptr && is_system_schema(*schema)) {
        problems_.add(item.place(), "config.system_schema",
                      fmt::format("{}: schema '{}' belongs to the server and is never moved",
                                  item.path, *schema),
                      "remove it");
        continue;
      }
      globs.push_back(std::move(glob));
    }
  }

  void read_routes() {
    const Field section = root_.get("routes").or_absent();
    if (!only_for_rows(section, "routes")) return;
    const auto list = reader_.list(section, "a list of {from: shop, to: shop2}");
    if (!list) return;
    std::map<model::CollectionName, std::string> targets;
    for (const Field& item : *list) read_route(item, targets);
  }

  void read_route(const Field& item, std::map<model::CollectionName, std::string>& targets) {
    Keys keys(item, "from: and to:", reader_);
    const Field from_field = keys.required("from", "add from: shop or from: shop.orders");
    const Field to_field = keys.required("to", "add to: shop2 or to: shop.orders_v2");
    keys.finish();
    const auto from = read_route_name(from_field);
    const auto to = read_route_name(to_field);
    if (!from || !to) return;
    if (from->name.empty() != to->name.empty()) {
      problems_.add(to_field.place(), "config.bad_route",
                    fmt::format("{}: one side names a table, the other a schema", item.path),
                    "write both as schema, or both as schema.table");
      return;
    }
    if (migration_.routes.has(*from)) {
      problems_.add(from_field.place(), "config.bad_route",
                    fmt::format("{}: '{}' has a route already", item.path, name_text(*from)),
                    "keep one of them");
      return;
    }
    migration_.routes.add(*from, *to);
    if (to->name.empty()) return;  // schemas may be merged; their tables are checked when known
    const auto [other, added] = targets.emplace(*to, name_text(*from));
    if (added) return;
    problems_.add(to_field.place(), "config.route_collision",
                  fmt::format("{}: '{}' is the target of '{}' already", item.path, name_text(*to),
                              other->second),
                  "give each table a target of its own");
  }

  static std::string name_text(const model::CollectionName& name) {
    return name.name.empty() ? base::printable(name.schema) : name.text();
  }

  std::optional<model::CollectionName> read_route_name(const Field& field) {
    const auto text = reader_.text(field, "a schema, or schema.table");
    if (!text) return std::nullopt;
    auto parsed = parse_name(*text);
    if (const auto* error = std::get_if<PatternError>(&parsed)) {
      problems_.add(field.place(), "config.bad_route",
                    fmt::format("{}: '{}' is no name", field.path, base::printable(*text)),
                    error->why);
      return std::nullopt;
    }
    auto name = std::get<model::CollectionName>(parsed);
    if (is_system_schema(name.schema)) {
      problems_.add(field.place(), "config.system_schema",
                    fmt::format("{}: schema '{}' belongs to the server and is never moved",
                                field.path, base::printable(name.schema)),
                    "choose another schema");
      return std::nullopt;
    }
    return name;
  }

  void read_limits() {
    Keys keys(root_.get("limits").or_absent(), "keys such as threads and memory", reader_);
    Limits& limits = migration_.limits;
    constexpr std::uint64_t most_threads = 64;
    if (auto number = reader_.whole(keys.get("threads"), 1, most_threads)) {
      limits.threads = static_cast<std::uint32_t>(*number);
    }
    if (auto rows = reader_.whole_or_unlimited(keys.get("rows_per_second"))) {
      limits.rows_per_second = *rows;
    }
    if (auto bytes = reader_.rate_or_unlimited(keys.get("bytes_per_second"))) {
      limits.bytes_per_second = *bytes;
    }
    if (auto yields = reader_.boolean(keys.get("yield"))) limits.yields = *yields;
    using base::operator""_MiB;
    if (auto bytes = reader_.size(keys.get("memory"), 64_MiB)) limits.memory = *bytes;
    Keys back_off(keys.get("back_off").or_absent(), "threads_running: and replica_lag:", reader_);
    if (auto number = reader_.whole(back_off.get("threads_running"), 1, UINT64_MAX)) {
      limits.back_off.threads_running = *number;
    }
    if (auto lag = reader_.duration(back_off.get("replica_lag"))) {
      limits.back_off.replica_lag = *lag;
    }
    back_off.finish();
    keys.finish();
  }

  void read_ddl() {
    const Field section = root_.get("ddl").or_absent();
    if (!only_for_rows(section, "ddl")) return;
    const std::vector<std::string> words{"apply", "stop", "ignore"};
    Keys keys(section, "keys such as default and drop_table", reader_);
    if (auto word = reader_.choice(keys.get("default"), words)) {
      migration_.ddl.set_all(static_cast<DdlAction>(*word));
    }
    for (std::size_t i = 0; i < ddl_kinds; ++i) {
      const auto kind = static_cast<DdlKind>(i);
      if (auto word = reader_.choice(keys.get(to_string(kind)), words)) {
        migration_.ddl.set(kind, static_cast<DdlAction>(*word));
      }
    }
    keys.finish();
  }

  // `keep`, or a map of accounts.
  void read_definers() {
    const Field section = root_.get("definers").or_absent();
    if (!only_for_rows(section, "definers")) return;
    if (section.node->kind == Node::Kind::scalar) {
      static_cast<void>(reader_.choice(section, {"keep"}));
      return;
    }
    Keys keys(section, "keep, or map: {\"a@%\": \"b@%\"}", reader_);
    const Field map = keys.get("map").or_absent();
    keys.finish();
    if (!map) return;
    constexpr std::string_view form = "accounts such as \"app@%\": \"app2@%\"";
    if (map.node->kind != Node::Kind::map) {
      reader_.bad_value(map, map.node->kind_text(), form);
      return;
    }
    for (const Entry& entry : map.node->entries) {
      const Field value{&entry.value, map.path + "." + base::printable(entry.key)};
      const auto text = reader_.text(value, form);
      if (!text) continue;
      if (entry.key.find('@') == std::string::npos || text->find('@') == std::string::npos) {
        reader_.bad_value(value, *text, form);
        continue;
      }
      migration_.definers[entry.key] = *text;
    }
  }

  void read_verify() {
    Keys keys(root_.get("verify").or_absent(), "keys such as max_proof_age", reader_);
    Verify& verify = migration_.verify;
    verify.in_servers = reader_.choice(keys.get("way"), {"stream", "server"}) == std::size_t{1};
    // One so far; the key fixes what a config means when there are more.
    static_cast<void>(reader_.choice(keys.get("digest"), {"xxh3"}));
    if (auto age = reader_.duration(keys.get("max_proof_age"))) verify.max_proof_age = *age;
    Keys recheck(keys.get("recheck").or_absent(), "times: and wait:", reader_);
    constexpr std::uint64_t most_times = 100;
    if (auto times = reader_.whole(recheck.get("times"), 1, most_times)) {
      verify.recheck_times = static_cast<std::uint32_t>(*times);
    }
    if (auto wait = reader_.duration(recheck.get("wait"))) verify.recheck_wait = *wait;
    recheck.finish();
    keys.finish();
  }

  void read_cutover() {
    const Field section = root_.get("cutover").or_absent();
    if (!only_for_rows(section, "cutover")) return;
    migration_.cutover = config::read_cutover(section, reader_);
  }

  void read_journal() {
    const Field field = root_.get("journal");
    if (auto path = read_path(field, folder_, reader_)) {
      migration_.journal = *path;
      return;
    }
    if (field) return;
    const std::filesystem::path root = state_root(around_);
    if (root.empty()) {
      problems_.add({}, "config.missing_key", "there is no home folder to keep the journal in",
                    "add journal: /a/folder, or set WHERRY_STATE_DIR");
      return;
    }
    migration_.journal = root / migration_.name;
  }

  const Surroundings& around_;
  Problems& problems_;
  Reader reader_;
  Keys root_;
  std::filesystem::path folder_;
  std::optional<bool> rows_;  // which family; nothing when the stores could not be read
  Migration migration_;
};

}  // namespace

Surroundings Surroundings::of_process() {
  return {variable("WHERRY_STATE_DIR"), variable("XDG_STATE_HOME"), variable("HOME"),
          ::geteuid() == 0};
}

std::filesystem::path state_root(const Surroundings& surroundings) {
  if (!surroundings.wherry_state_dir.empty()) {
    return std::filesystem::absolute(surroundings.wherry_state_dir);
  }
  if (surroundings.root) return "/var/lib/wherry";
  if (surroundings.xdg_state_home.starts_with('/')) {
    return std::filesystem::path(surroundings.xdg_state_home) / "wherry";
  }
  if (surroundings.home.empty()) return {};
  return std::filesystem::path(surroundings.home) / ".local/state/wherry";
}

Loaded parse(std::string_view text, const std::filesystem::path& file,
             const Surroundings& surroundings) {
  Problems problems(base::printable(file.string()));
  Loaded loaded;
  if (const std::optional<Node> root = read_yaml(text, problems)) {
    Migration migration = MigrationReader(*root, file, surroundings, problems).read();
    if (problems.empty()) loaded.migration = std::move(migration);
  }
  loaded.problems = problems.sorted();
  return loaded;
}

Loaded read(const std::filesystem::path& file, const Surroundings& surroundings) {
  Problems problems(base::printable(file.string()));
  auto failed = [&](std::string why, std::string hint) {
    problems.add({}, "config.file", std::move(why), std::move(hint));
    return Loaded{std::nullopt, problems.sorted()};
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    return failed("this is a folder, not a file", "name the file with --config");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return failed(fmt::format("cannot be read: {}", std::strerror(errno)),
                  "name the file with --config, or write one with `wherry init`");
  }
  std::string text(largest_file + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return failed("reading failed", "");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > largest_file) return failed("larger than 1 MiB", "is this the right file?");
  return parse(text, file, surroundings);
}

Migration load(const std::filesystem::path& file) {
  Loaded loaded = read(file, Surroundings::of_process());
  if (loaded.migration) return std::move(*loaded.migration);
  const Problem& first = loaded.problems.front();
  std::string message = first.where() + ": " + first.message;
  if (!first.hint.empty()) message += "; " + first.hint;
  std::string context;
  if (loaded.problems.size() > 1) {
    context = fmt::format("and {} more problem{} in the file", loaded.problems.size() - 1,
                          loaded.problems.size() == 2 ? "" : "s");
  }
  throw base::Error(base::ErrorKind::rejected, first.code, message, context);
}

}  // namespace wherry::config
