#include "stores/memory/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "stores/memory/changes.h"
#include "stores/memory/ddl.h"
#include "stores/memory/reader.h"
#include "stores/memory/target.h"
#include "stores/memory/writer.h"

namespace wherry::stores::memory {
namespace {

using base::code_of;
using testing::ElementsAre;

const model::CollectionName name{"s", "t"};

model::Column column(const char* column_name, model::ColumnType type, const char* collation = "") {
  model::Column c;
  c.name = column_name;
  c.type = type;
  c.collation = collation;
  return c;
}

class MemoryServer : public testing::Test {
 protected:
  MemoryServer() {
    schema_.name = name;
    schema_.columns = {column("id", model::ColumnType::bigint),
                       column("v", model::ColumnType::varchar)};
    schema_.columns[1].nullable = true;
    schema_.key = {0};
    schema_.unique_keys = {{"PRIMARY", {0}, true}, {"v", {1}, false}};
    server_->create_table(schema_);
  }
  static Row row(const std::string& id, const std::string& v) { return {id, v}; }
  static model::Key key(const std::string& id) { return model::Key({id}); }
  std::size_t seen(contract::RowView& view) {
    model::RowBatch out(2);
    EXPECT_FALSE(view.read({name, &schema_}, {1, 1, {}, {}}, base::Bytes{1U << 20U}, out));
    return out.rows();
  }

  std::shared_ptr<Server> server_ = std::make_shared<Server>("one");
  model::TableSchema schema_;
};

TEST_F(MemoryServer, a_transaction_that_fails_leaves_nothing) {
  server_->insert(name, row("1", "a"));
  const auto end = server_->log_end();
  EXPECT_EQ(code_of([&] {
              server_->transaction([&](Transaction& t) {
                t.insert(name, row("2", "b"));
                t.update(name, key("1"), row("1", "c"));
                t.insert(name, row("3", "b"));
              });
            }),
            "memory.duplicate");
  EXPECT_THAT(server_->rows(name), ElementsAre(row("1", "a")));
  EXPECT_EQ(server_->log_end(), end);
  EXPECT_NO_THROW(server_->insert(name, row("4", "b")));  // the value is free again
}

TEST_F(MemoryServer, keys_are_in_the_order_of_their_values) {
  for (const char* id :
       {"10", "9", "-1", "-10", "0", "9223372036854775807", "18446744073709551615"}) {
    server_->insert(name, row(id, id));
  }
  std::vector<std::string> ids;
  for (const auto& r : server_->rows(name)) ids.push_back(r[0].value());
  EXPECT_THAT(
      ids, ElementsAre("-10", "-1", "0", "9", "10", "9223372036854775807", "18446744073709551615"));
}

TEST_F(MemoryServer, keys_that_differ_in_case_are_one_where_the_collation_says_so) {
  auto schema = schema_;
  schema.name = {"s", "nocase"};
  schema.columns[0] = column("id", model::ColumnType::varchar, "nocase");
  schema.unique_keys.clear();
  server_->create_table(schema);
  server_->insert(schema.name, row("Key", "1"));
  EXPECT_EQ(code_of([&] { server_->insert(schema.name, row("kEY", "2")); }), "memory.duplicate");
  server_->update(schema.name, key("KEY"), row("key", "3"));
  EXPECT_THAT(server_->rows(schema.name), ElementsAre(row("key", "3")));
}

TEST_F(MemoryServer, a_commit_can_show_in_the_log_before_views_see_it) {
  server_->insert(name, row("1", "a"));
  server_->set_visibility_lag(1);
  const auto end = server_->insert(name, row("2", "b"));
  const auto log = open_changes(server_, server_->log_end(), {});
  const auto reader = open_reader(server_);
  auto view = reader->open_view();
  EXPECT_EQ(seen(*view), 1U);
  EXPECT_LT(view->bracket().low, end);
  EXPECT_EQ(view->bracket().high, end);
  view.reset();
  server_->set_visibility_lag(0);
  view = reader->open_view();
  EXPECT_EQ(seen(*view), 2U);
  EXPECT_TRUE(view->bracket().exact());
}

TEST_F(MemoryServer, a_crash_takes_the_last_commits_with_their_progress) {
  Target target(server_);
  const auto fence = target.acquire({"m", "one"});
  target.start_stream(fence, position_at(0));
  contract::TablePair pair{1, schema_, name};
  for (std::uint64_t n = 1; n <= 3; ++n) {
    const auto writer = target.writer(fence, {});
    writer->begin_window();
    model::RowBatch rows(2);
    rows.append(std::to_string(n));
    rows.append("same");  // takes the value from the row before
    writer->put(pair, rows);
    writer->commit_window({n, position_at(10 * n), "dirty"}, n - 1);
  }
  EXPECT_THAT(server_->rows(name), ElementsAre(row("3", "same")));
  const auto writer = target.writer(fence, {});
  server_->crash(2);
  EXPECT_THAT(server_->rows(name), ElementsAre(row("1", "same")));
  const auto progress = target.load_progress("m", {});
  EXPECT_EQ(progress.position, position_at(10));
  ASSERT_EQ(progress.windows.size(), 1U);
  EXPECT_EQ(progress.windows[0].number, 1U);
  EXPECT_EQ(code_of([&] {
              writer->write_chunk(pair, model::RowBatch(2), {}, contract::ChunkWrite::upsert);
            }),
            "memory.gone");
  EXPECT_EQ(code_of([&] { server_->insert(name, row("9", "same")); }), "memory.duplicate");
}

TEST_F(MemoryServer, a_crash_takes_back_a_definition) {
  auto wider = schema_;
  wider.columns.push_back(column("w", model::ColumnType::integer));
  server_->insert(name, row("1", "a"));
  server_->transaction([&](Transaction& t) { t.define(name, wider); });
  EXPECT_THAT(server_->rows(name), ElementsAre(Row{"1", "a", "0"}));
  server_->crash(1);
  EXPECT_THAT(server_->rows(name), ElementsAre(row("1", "a")));
  EXPECT_EQ(server_->definitions().at(0).columns.size(), 2U);
}

TEST_F(MemoryServer, a_log_that_was_purged_is_said_so) {
  const auto from = server_->log_end();
  server_->insert(name, row("1", "a"));
  server_->purge_log(server_->log_end());
  const auto log = open_changes(server_, from, {{1, schema_}});
  EXPECT_EQ(code_of([&] { log->next(std::chrono::milliseconds(10), {}); }), "source.log_purged");
}

TEST_F(MemoryServer, large_transactions_come_in_parts) {
  server_->set_rows_per_part(2);
  const auto from = server_->log_end();
  server_->transaction([&](Transaction& t) {
    for (int i = 0; i < 5; ++i) t.insert(name, row(std::to_string(i), std::to_string(i)));
  });
  const auto log = open_changes(server_, from, {{1, schema_}});
  std::vector<std::size_t> rows;
  std::vector<bool> last;
  while (const auto part = log->next(std::chrono::milliseconds(10), {})) {
    rows.push_back(part->events.at(0).after.rows());
    last.push_back(part->last);
  }
  EXPECT_THAT(rows, ElementsAre(2, 2, 1));
  EXPECT_THAT(last, ElementsAre(false, false, true));
}

TEST_F(MemoryServer, a_change_of_definition_is_carried_once) {
  const auto to = std::make_shared<Server>("to");
  Target target(to);
  DdlTarget ddl(to);
  const auto fence = target.acquire({"m", "one"});
  target.start_stream(fence, position_at(0));
  const auto everything = [](const model::CollectionName&) { return true; };
  const auto route = [](const model::CollectionName& n) {
    return model::CollectionName{"new", n.name};
  };
  auto wider = schema_;
  wider.name.name = "renamed";
  wider.columns.push_back(column("w", model::ColumnType::integer));
  server_->transaction([&](Transaction& t) { t.define(name, wider); });

  const auto log = open_changes(server_, position_at(0), {});
  std::vector<std::string> what;
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const auto part = log->next(std::chrono::seconds(1), {});
    ASSERT_TRUE(part);
    const auto plan = ddl.plan(part->ddl.at(0), everything, route);
    what.push_back(plan.what);
    for (int repeat = 0; repeat < 2; ++repeat) {
      ddl.apply(fence, plan, part->ddl[0], route, {n, part->end, ""}, {}, {});
    }
    log->track({});
  }
  EXPECT_THAT(what, ElementsAre("create table", "alter table"));
  EXPECT_EQ(target.definition({"new", "t"}), std::nullopt);
  EXPECT_TRUE(target.definition({"new", "renamed"})->carries_like(wider));
  EXPECT_EQ(target.load_progress("m", {}).position, position_at(2));
  const auto nothing = [](const model::CollectionName&) { return false; };
  const auto log_again = open_changes(server_, position_at(0), {});
  EXPECT_EQ(ddl.plan(log_again->next(std::chrono::seconds(1), {})->ddl.at(0), nothing, route).kind,
            contract::DdlPlan::Kind::unrelated);
}

}  // namespace
}  // namespace wherry::stores::memory
