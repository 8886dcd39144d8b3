#include "stores/mysql/ddl_plan.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::DdlPlan;
using model::CollectionName;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(const std::string& charset) {
  return charset.empty() || charset.starts_with("utf8") || charset == "ascii" ||
         charset == "binary";
}

// Character sets with letters whose second byte may be a quote or a backslash.
bool hides_quotes(const std::string& charset) {
  return charset == "gbk" || charset == "gb18030" || charset == "big5" || charset == "sjis" ||
         charset == "cp932";
}

class Planner {
 public:
  Planner(const model::DdlEvent& event, const contract::TableFilter& filter,
          const contract::TableRoute& route, const DdlCircumstances& now)
      : event_(event), filter_(filter), route_(route), now_(now), rewrite_(event.statement) {}

  DdlPlan run() {
    if (hides_quotes(event_.charset) && !is_ascii(event_.statement)) {
      refuse("ddl.charset", "the statement is written in " + event_.charset);
    }
    statement_ = read_ddl(event_.statement, dialect_of(event_.sql_mode), event_.default_schema);
    plan_.what = statement_.what;
    switch (statement_.kind) {
      case DdlKind::not_carried:
      case DdlKind::no_change:
      case DdlKind::discard_tablespace:  // nobody can read the table until IMPORT
        return plan_;
      case DdlKind::create_table:
      case DdlKind::create_table_like:
      case DdlKind::create_table_select:
        return create();
      case DdlKind::drop_table:
        return drop();
      case DdlKind::alter_table:
      case DdlKind::truncate_table:
      case DdlKind::create_index:
      case DdlKind::drop_index:
        return alter();
      case DdlKind::exchange_partition:
        return copy_again("a partition was exchanged with another table's rows");
      case DdlKind::import_tablespace:
        return copy_again("its rows were imported from a file");
      case DdlKind::rename_table:
        return rename();
      case DdlKind::create_schema:
      case DdlKind::alter_schema:
        return schema();
      case DdlKind::drop_schema:
        return drop_schema();
      case DdlKind::unknown:
        break;
    }
    refuse("ddl.unclassified",
           "the statement may touch the migration's tables, and Wherry does not "
           "know what it does");
  }

 private:
  [[noreturn]] void refuse(std::string code, std::string why) const {
    throw Error(ErrorKind::not_supported, std::move(code), std::move(why),
                base::printable(event_.statement.substr(0, 500)));
  }

  bool chosen(const NamedTable& table) const {
    return !is_system_schema(table.name.schema) && filter_(table.name);
  }

  void require_readable(const NamedTable& table) const {
    if (is_utf8(event_.charset)) return;
    if (is_ascii(table.name.schema) && is_ascii(table.name.name)) return;
    refuse("ddl.charset", "a name in the statement is written in " + event_.charset);
  }

  void exchange(const NamedTable& table) {
    require_readable(table);
    rewrite_.replace(table.begin, table.end, qualified(route_(table.name)));
  }

  void add_change(std::optional<CollectionName> before, std::optional<CollectionName> after) {
    plan_.tables.push_back({std::move(before), std::move(after)});
  }

  void exchange_references() {
    for (const auto& parent : statement_.references) {
      if (!chosen(parent)) {
        refuse("ddl.foreign_key_outside",
               "a foreign key refers to " + parent.name.text() + ", which is not moved");
      }
      exchange(parent);
      if (statement_.cascades) plan_.cascades_from.push_back(parent.name);
    }
  }

  void check_refusal() const {
    if (!statement_.refusal_code.empty()) refuse(statement_.refusal_code, statement_.refusal);
  }

  DdlPlan& apply(std::string sql) {
    plan_.kind = DdlPlan::Kind::apply;
    plan_.statement = std::move(sql);
    return plan_;
  }
  // Rows in the log are of the text that the column is on the source.
  void keep_json_a_text() {
    if (!event_.json_is_text || statement_.json_types.empty() || !now_.json_is_a_type()) return;
    for (const auto& [begin, end] : statement_.json_types) {
      rewrite_.replace(begin, end, "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
    }
  }
  DdlPlan& apply_rewritten() {
    keep_json_a_text();
    for (const auto& [begin, end] : statement_.marks) {
      // One within a name, between schema and table, goes with it.
      if (!rewrite_.replaces(begin)) rewrite_.replace(begin, end, " ");
    }
    return apply(rewrite_.finish());
  }

  DdlPlan& create() {
    const NamedTable& table = statement_.tables[0];
    if (!chosen(table)) return plan_;
    if (statement_.kind == DdlKind::create_table_select) {
      refuse("ddl.create_select", "a table is made from a query, whose rows are not in the log");
    }
    check_refusal();
    if (statement_.if_not_exists && now_.exists(route_(table.name))) return plan_;
    exchange(table);
    if (statement_.kind == DdlKind::create_table_like) {
      if (!chosen(statement_.tables[1])) {
        refuse("ddl.create_like",
               "a table is made like " + statement_.tables[1].name.text() + ", which is not moved");
      }
      exchange(statement_.tables[1]);
    }
    exchange_references();
    add_change(std::nullopt, table.name);
    return apply_rewritten();
  }

  // Written anew: those of its tables that are not moved are not on the target.
  DdlPlan& drop() {
    std::string names;
    for (const auto& table : statement_.tables) {
      if (!chosen(table)) continue;
      require_readable(table);
      if (!names.empty()) names += ',';
      names += qualified(route_(table.name));
      add_change(table.name, std::nullopt);
    }
    return names.empty() ? plan_ : apply("DROP TABLE IF EXISTS " + names);
  }

  DdlPlan& alter() {
    const NamedTable& table = statement_.tables[0];
    const auto& renamed_to = statement_.renamed_to;
    const bool is_chosen = chosen(table);
    if (renamed_to && chosen(*renamed_to) != is_chosen) {
      refuse_rename(table.name, renamed_to->name, is_chosen);
    }
    if (!is_chosen) return plan_;
    check_refusal();
    exchange(table);
    if (renamed_to) exchange(*renamed_to);
    exchange_references();
    add_change(table.name, renamed_to ? renamed_to->name : table.name);
    return apply_rewritten();
  }

  // No definition changes. Which rows come depends on what is not on the target: a file, or another
  // table that may not be moved. They come from the source anew.
  DdlPlan& copy_again(std::string because) {
    for (const auto& table : statement_.tables) {
      if (!chosen(table)) continue;
      require_readable(table);
      add_change(table.name, table.name);
    }
    if (plan_.tables.empty()) return plan_;
    plan_.copied_again_because = std::move(because);
    return apply("TRUNCATE TABLE " + qualified(route_(*plan_.tables.front().after)));
  }

  [[noreturn]] void refuse_rename(const CollectionName& from, const CollectionName& to,
                                  bool from_chosen) const {
    if (from_chosen) {
      refuse("ddl.renamed_away",
             from.text() + " becomes " + to.text() + ", which the configuration does not choose");
    }
    refuse("ddl.renamed_in", to.text() + " was " + from.text() + ", whose rows were not copied");
  }

  DdlPlan& rename() {
    std::string pairs;
    for (std::size_t i = 0; i + 1 < statement_.tables.size(); i += 2) {
      const NamedTable& from = statement_.tables[i];
      const NamedTable& to = statement_.tables[i + 1];
      if (chosen(from) != chosen(to)) refuse_rename(from.name, to.name, chosen(from));
      if (!chosen(from)) continue;
      require_readable(from);
      require_readable(to);
      if (!pairs.empty()) pairs += ", ";
      pairs += qualified(route_(from.name)) + " TO " + qualified(route_(to.name));
      add_change(from.name, to.name);
    }
    return pairs.empty() ? plan_ : apply("RENAME TABLE " + pairs);
  }

  bool schema_chosen() const {
    const std::string& name = statement_.schema->name.schema;
    return !is_system_schema(name) && filter_({name, std::string(any_table)});
  }

  DdlPlan& schema() {
    if (!schema_chosen()) return plan_;
    const NamedTable& schema = *statement_.schema;
    require_readable(schema);
    std::string name = identifier(route_({schema.name.schema, std::string(any_table)}).schema);
    const bool creating = statement_.kind == DdlKind::create_schema;
    if (creating && !statement_.if_not_exists) name.insert(0, "IF NOT EXISTS ");
    if (schema.begin == schema.end) name += ' ';
    rewrite_.replace(schema.begin, schema.end, name);
    return apply_rewritten();
  }

  DdlPlan& drop_schema() {
    const std::string& name = statement_.schema->name.schema;
    if (is_system_schema(name)) return plan_;
    const std::string target = route_({name, std::string(any_table)}).schema;
    if (schema_chosen() || now_.holds_tables(target) || now_.holds_tables(name)) {
      refuse("ddl.drop_database", "a whole schema is dropped, with tables of this migration in it");
    }
    return plan_;
  }

  const model::DdlEvent& event_;
  const contract::TableFilter& filter_;
  const contract::TableRoute& route_;
  const DdlCircumstances& now_;
  Rewrite rewrite_;
  DdlStatement statement_;
  DdlPlan plan_;
};

}  // namespace

contract::DdlPlan plan_ddl(const model::DdlEvent& event, const contract::TableFilter& filter,
                           const contract::TableRoute& route, const DdlCircumstances& now) {
  return Planner(event, filter, route, now).run();
}

}  // namespace wherry::stores::mysql
