#include <filesystem>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "journal/sqlite.h"
#include "tests/contract/journal_suite.h"

namespace wherry::tests {
namespace {

struct InFolder {
  InFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "wherry-journal-XXXXXX").string();
    folder = mkdtemp(name.data());
    journal = journal::open_sqlite(folder / "journal");
  }
  ~InFolder() {
    journal.reset();
    std::filesystem::remove_all(folder);
  }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;

  std::filesystem::path folder;
  std::unique_ptr<journal::Journal> journal;
};

std::shared_ptr<journal::Journal> make_sqlite_journal() {
  const auto held = std::make_shared<InFolder>();
  return {held, held->journal.get()};
}

INSTANTIATE_TEST_SUITE_P(sqlite, JournalSuite, testing::Values(&make_sqlite_journal));

}  // namespace
}  // namespace wherry::tests
