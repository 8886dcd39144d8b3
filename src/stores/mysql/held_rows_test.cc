#include "stores/mysql/held_rows.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

using namespace std::literals;
namespace fs = std::filesystem;

std::vector<model::RowEvent> run(model::CollectionId id, std::string_view value) {
  model::RowEvent insert;
  insert.collection = id;
  insert.after = model::RowBatch(2);
  insert.after.append(value);
  insert.after.append(std::nullopt);
  model::RowEvent update = insert;
  update.kind = model::ChangeKind::update;
  update.cascades = false;
  update.before = insert.after;
  std::vector<model::RowEvent> events;
  events.push_back(std::move(insert));
  events.push_back(std::move(update));
  return events;
}

void expect_run(const std::vector<model::RowEvent>& events, model::CollectionId id,
                std::string_view value) {
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].collection, id);
  EXPECT_EQ(events[0].kind, model::ChangeKind::insert);
  EXPECT_TRUE(events[0].cascades);
  EXPECT_EQ(events[0].before.rows(), 0U);
  EXPECT_EQ(events[1].kind, model::ChangeKind::update);
  EXPECT_FALSE(events[1].cascades);
  for (const auto* batch : {&events[0].after, &events[1].before, &events[1].after}) {
    ASSERT_EQ(batch->rows(), 1U);
    EXPECT_EQ(batch->cell(0, 0), value);
    EXPECT_EQ(batch->cell(0, 1), std::nullopt);
  }
}

TEST(HeldRows, come_back_in_order_from_memory_and_file) {
  HeldRows held;
  EXPECT_TRUE(held.empty());
  const std::string large(3U << 20U, 'x');
  held.add(run(1, "a\0b"sv));
  held.add(run(2, ""));
  held.spool();
  EXPECT_EQ(held.bytes_in_memory(), 0U);
  held.add(run(3, large));
  held.spool();
  held.add(run(4, "in memory"));
  EXPECT_GT(held.bytes_in_memory(), 0U);
  HeldRows moved = std::move(held);
  expect_run(moved.take(), 1, "a\0b"sv);
  expect_run(moved.take(), 2, "");
  expect_run(moved.take(), 3, large);
  expect_run(moved.take(), 4, "in memory");
  EXPECT_TRUE(moved.empty());
  EXPECT_EQ(moved.bytes_in_memory(), 0U);
}

TEST(HeldRows, leave_no_file_behind_and_tell_where_none_can_be_made) {
  std::string folder = (fs::temp_directory_path() / "wherry-held-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const char* before = ::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TMPDIR", folder.c_str(), 1);
  HeldRows held;
  held.add(run(1, "x"));
  held.spool();
  EXPECT_TRUE(fs::is_empty(folder));
  fs::remove(folder);
  HeldRows homeless;
  homeless.add(run(1, "x"));
  try {
    ::setenv("TMPDIR", "/proc/self", 1);
    homeless.spool();
    ADD_FAILURE() << "a file in /proc";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), "source.spool");
  }
  expect_run(homeless.take(), 1, "x");
  if (before == nullptr) {
    ::unsetenv("TMPDIR");
  } else {
    ::setenv("TMPDIR", kept.c_str(), 1);
  }
}

}  // namespace
}  // namespace wherry::stores::mysql
