#include "journal/sqlite.h"

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "journal/group_commit.h"
#include "journal/sqlite_database.h"
#include "journal/sqlite_schema.h"

namespace wherry::journal {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SqliteJournal : public testing::Test {
 public:
  ~SqliteJournal() override { fs::remove_all(folder_); }

 protected:
  SqliteJournal() {
    std::string name = (fs::temp_directory_path() / "wherry-journal-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = folder_ / "journal";
  }

  std::string code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const base::Error& e) {
      text_ = e.what();
      return e.code();
    }
    return "no error";
  }
  std::string code_of_open() {
    return code_of([&] { open_sqlite(path_); });
  }

  fs::path folder_;
  fs::path path_;
  std::string text_;
};

TEST_F(SqliteJournal, keeps_what_it_was_told_over_a_restart) {
  open_sqlite(path_)->set_fact("state", "copying");
  EXPECT_EQ(open_sqlite(path_)->fact("state"), "copying");
}

TEST_F(SqliteJournal, is_held_by_one_and_says_by_which_process) {
  const auto journal = open_sqlite(path_);
  EXPECT_EQ(code_of_open(), "journal.held");
  EXPECT_THAT(text_, HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(SqliteJournal, can_be_looked_at_while_it_is_held) {
  const auto journal = open_sqlite(path_);
  const auto looking = open_sqlite_readonly(path_);
  journal->set_fact("a", "1");
  EXPECT_EQ(looking->fact("a"), "1");
  EXPECT_EQ(code_of([&] { looking->set_fact("a", "2"); }), "journal.readonly");
  EXPECT_EQ(journal->fact("a"), "1");
}

TEST_F(SqliteJournal, can_be_looked_at_when_nobody_holds_it) {
  EXPECT_EQ(code_of([&] { open_sqlite_readonly(path_); }), "journal.missing");
  EXPECT_FALSE(fs::exists(path_));
  open_sqlite(path_)->set_fact("a", "1");
  EXPECT_EQ(open_sqlite_readonly(path_)->fact("a"), "1");
}

TEST_F(SqliteJournal, is_readable_by_its_owner_only) {
  const auto journal = open_sqlite(path_);
  journal->set_fact("a", "1");
  for (const auto& file : fs::directory_iterator(folder_)) {
    EXPECT_EQ(file.status().permissions() & (fs::perms::group_all | fs::perms::others_all),
              fs::perms::none)
        << file.path();
  }
}

TEST_F(SqliteJournal, a_folder_that_is_missing_is_said) {
  path_ = folder_ / "none" / "journal";
  EXPECT_EQ(code_of_open(), "journal.path");
}

TEST_F(SqliteJournal, another_programs_file_is_refused_and_left_alone) {
  {
    std::ofstream(path_).flush();
    Database(path_, true).exec("CREATE TABLE theirs (x)");
  }
  EXPECT_EQ(code_of_open(), "journal.foreign");
  EXPECT_NO_THROW(Database(path_, true).exec("SELECT x FROM theirs"));
}

TEST_F(SqliteJournal, a_newer_file_is_refused) {
  open_sqlite(path_);
  Database(path_, true).exec("PRAGMA user_version = 1000");
  EXPECT_EQ(code_of_open(), "journal.newer");
  EXPECT_EQ(code_of([&] { open_sqlite_readonly(path_); }), "journal.newer");
}

TEST_F(SqliteJournal, an_older_file_is_migrated_after_a_copy) {
  open_sqlite(path_)->set_fact("a", "1");
  std::vector<std::string_view> steps(schema_steps().begin(), schema_steps().end());
  steps.emplace_back("ALTER TABLE fact ADD COLUMN note TEXT; UPDATE fact SET note = 'moved'");
  {
    Database db(path_, true);
    EXPECT_EQ(code_of([&] { require_up_to_date(db, steps); }), "journal.older");
    bring_up_to_date(db, steps);
    Statement row(db, "SELECT note FROM fact WHERE name = 'a'");
    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.bytes(0), "moved");
  }
  EXPECT_EQ(code_of_open(), "journal.newer");  // for this program
  const std::string copy = path_.string() + ".v" + std::to_string(schema_steps().size()) + ".bak";
  EXPECT_EQ(open_sqlite(copy)->fact("a"), "1");
}

TEST_F(SqliteJournal, a_step_that_fails_leaves_the_file_as_it_was) {
  open_sqlite(path_)->set_fact("a", "1");
  std::vector<std::string_view> steps(schema_steps().begin(), schema_steps().end());
  steps.emplace_back("DELETE FROM fact; SELECT no_such_function()");
  {
    Database db(path_, true);
    EXPECT_EQ(code_of([&] { bring_up_to_date(db, steps); }), "journal.sqlite");
  }
  EXPECT_EQ(open_sqlite(path_)->fact("a"), "1");
}

void fill(Journal& journal) {
  for (int i = 0; i < 200; ++i) {
    journal.set_fact("fact" + std::to_string(i), std::string(1000, 'x'));
  }
}

TEST_F(SqliteJournal, a_damaged_file_is_refused) {
  fill(*open_sqlite(path_));
  const auto size = fs::file_size(path_);
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file << std::string(20'000, '\xa5');
  }
  EXPECT_EQ(code_of_open(), "journal.damaged");
  fs::resize_file(path_, size / 2);
  EXPECT_EQ(code_of_open(), "journal.damaged");
  std::ofstream(path_) << std::string(5000, 'z');
  EXPECT_EQ(code_of_open(), "journal.damaged");
}

TEST_F(SqliteJournal, a_record_that_cannot_be_understood_is_damage) {
  model::Proof proof;
  open_sqlite(path_)->put_proof(proof);
  Database(path_, true).exec("UPDATE proof SET digest = 'zz'");
  EXPECT_EQ(code_of([&] { open_sqlite(path_)->proofs(); }), "journal.damaged");
}

TEST_F(SqliteJournal, calls_that_wait_together_share_a_commit) {
  open_sqlite(path_);
  Database db(path_, true);
  GroupCommit commits(db);
  std::latch started(1);
  std::latch go_on(1);
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    commits.run([&](Database&) {
      started.count_down();
      go_on.wait();
    });
  });
  started.wait();
  std::atomic<int> refused = 0;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&, i] {
      try {
        commits.run([&](Database& d) {
          d.run("INSERT INTO fact VALUES (?, 'x')", std::to_string(i));
          if (i == 7) d.run("INSERT INTO fact VALUES (?, 'x')", std::to_string(i));
        });
      } catch (const base::Error& e) {
        if (e.code() == "journal.constraint") ++refused;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  go_on.count_down();
  threads.clear();
  EXPECT_LE(commits.commits(), 5U);
  EXPECT_EQ(refused, 1);
  Statement row(db, "SELECT count(*) FROM fact");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 19);  // the one that failed left nothing, the others all
}

// A limit on the size of files stands for a full disk: writes stop half-way.
TEST_F(SqliteJournal, a_full_disk_is_said_and_nothing_half_kept) {
  const auto journal = open_sqlite(path_);
  journal->set_fact("before", "kept");
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 300'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::vector<TableRecord> tables(2000);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    tables[i].id = static_cast<model::CollectionId>(i);
    tables[i].source.name = {"shop", std::string(200, 'n')};
  }
  const std::string code = code_of([&] { journal->put_tables(tables); });
  EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_handler);

  EXPECT_THAT(code, testing::AnyOf("journal.full", "journal.io"));
  EXPECT_TRUE(journal->tables().empty());
  EXPECT_EQ(journal->fact("before"), "kept");
  journal->put_tables(tables);  // there is room again
  EXPECT_EQ(journal->tables().size(), tables.size());
}

// The child writes the number of each call that returned to a pipe and is killed in the middle.
TEST_F(SqliteJournal, every_call_that_returned_survives_a_kill) {
  for (int round = 0; round < 5; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      const auto journal = open_sqlite(path_);
      std::vector<std::jthread> threads;
      for (std::uint32_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
          for (std::uint32_t i = 0;; ++i) {
            const std::uint32_t number =
                (static_cast<std::uint32_t>(round) << 24U) | (thread << 20U) | i;
            journal->append({0, {}, std::to_string(number), "", "", "", ""});
            if (write(ends[1], &number, sizeof number) != sizeof number) _exit(1);
          }
        });
      }
      threads.clear();  // never ends by itself
      _exit(0);
    }
    close(ends[1]);
    std::vector<std::string> acknowledged;
    std::uint32_t number = 0;
    while (read(ends[0], &number, sizeof number) == sizeof number) {
      acknowledged.push_back(std::to_string(number));
      if (acknowledged.size() == 30U + 17U * static_cast<unsigned>(round)) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    std::set<std::string> kept;
    for (const auto& event : open_sqlite(path_)->events()) kept.insert(event.kind);
    for (const auto& kind : acknowledged) EXPECT_TRUE(kept.contains(kind)) << kind;
    EXPECT_GE(acknowledged.size(), 30U);
  }
}

TEST_F(SqliteJournal, a_split_survives_a_kill_whole_or_not_at_all) {
  {
    const auto journal = open_sqlite(path_);
    TableRecord table;
    table.id = 1;
    journal->put_tables({table});
    journal->plan_chunk({1, 0, std::nullopt, std::nullopt}, true);
  }
  for (int round = 0; round < 5; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto journal = open_sqlite(path_);
      model::Chunk last = journal->chunks(1).back().chunk;
      while (true) {
        const model::Key through({std::to_string(last.number)});
        const model::Chunk rest{1, last.number + 1, through, last.through};
        journal->split_chunk(last, through, rest);
        last = rest;
        if (write(ends[1], "x", 1) != 1) _exit(1);
      }
    }
    close(ends[1]);
    char c = 0;
    int splits = 0;
    while (read(ends[0], &c, 1) == 1) {
      if (++splits == 10 + 3 * round) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);

    const auto chunks = open_sqlite(path_)->chunks(1);
    std::optional<model::Key> end;
    for (const auto& record : chunks) {
      EXPECT_EQ(record.chunk.after, end);
      end = record.chunk.through;
    }
    EXPECT_EQ(end, std::nullopt);
    EXPECT_GT(chunks.size(), static_cast<std::size_t>(splits));
  }
}

}  // namespace
}  // namespace wherry::journal
