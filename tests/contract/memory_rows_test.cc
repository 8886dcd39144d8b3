#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stores/memory/ddl.h"
#include "stores/memory/source.h"
#include "stores/memory/target.h"
#include "tests/contract/row_store_suite.h"
#include "tests/contract/row_store_views.h"
#include "tests/contract/row_store_writes.h"

namespace wherry::tests {
namespace {

namespace memory = stores::memory;

const model::CollectionName items{"suite", "items"};

model::TableSchema items_schema() {
  const auto column = [](const char* name, model::ColumnType type, bool nullable) {
    model::Column c;
    c.name = name;
    c.type = type;
    c.nullable = nullable;
    return c;
  };
  model::TableSchema schema;
  schema.name = items;
  schema.columns = {column("id", model::ColumnType::integer, false),
                    column("name", model::ColumnType::varchar, true),
                    column("code", model::ColumnType::varchar, true),
                    column("n", model::ColumnType::bigint, true)};
  schema.key = {0};
  schema.unique_keys = {{"PRIMARY", {0}, true}, {"code", {2}, false}};
  return schema;
}

class MemoryLab final : public RowStoreLab {
 public:
  MemoryLab() {
    for (const auto& server : {from_, to_}) server->set_rows_per_part(100);
  }
  contract::RowSource& source() override { return source_; }
  contract::RowTarget& target() override { return target_; }

  void create_items(Side side) override { server(side).create_table(items_schema()); }
  void write(Side side, const std::vector<ClientWrite>& transaction) override {
    server(side).transaction([&](memory::Transaction& t) {
      for (const auto& w : transaction) {
        const model::Key key({std::to_string(w.id)});
        switch (w.kind) {
          case ClientWrite::Kind::insert:
            t.insert(items, w.row);
            break;
          case ClientWrite::Kind::update:
            t.update(items, key, w.row);
            break;
          case ClientWrite::Kind::remove:
            t.remove(items, key);
            break;
        }
      }
    });
  }
  void add_column(Side side, const std::string& name) override {
    memory::Server& s = server(side);
    auto schema = s.definitions().at(0);
    auto column = schema.columns.back();
    column.name = name;
    column.type = model::ColumnType::varchar;
    column.nullable = true;
    schema.columns.push_back(column);
    s.transaction([&](memory::Transaction& t) { t.define(items, schema); });
  }
  void crash(Side side) override { server(side).crash(); }
  void let_time_pass(std::chrono::seconds time) override { now_ += time; }

 private:
  memory::Server& server(Side side) { return side == Side::source ? *from_ : *to_; }

  std::chrono::system_clock::time_point now_;
  std::shared_ptr<memory::Server> from_ =
      std::make_shared<memory::Server>("from", [this] { return now_; });
  std::shared_ptr<memory::Server> to_ =
      std::make_shared<memory::Server>("to", [this] { return now_; });
  memory::Source source_{from_};
  memory::Target target_{to_};
};

std::shared_ptr<RowStoreLab> make_memory_lab() { return std::make_shared<MemoryLab>(); }

INSTANTIATE_TEST_SUITE_P(memory, RowStoreSuite, testing::Values(&make_memory_lab));

}  // namespace
}  // namespace wherry::tests
