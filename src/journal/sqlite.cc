#include "journal/sqlite.h"

#include <cerrno>
#include <filesystem>
#include <functional>
#include <mutex>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "journal/group_commit.h"
#include "journal/lock_file.h"
#include "journal/sqlite_database.h"
#include "journal/sqlite_schema.h"
#include "journal/sqlite_tables.h"

namespace wherry::journal {

using base::Error;
using base::ErrorKind;

namespace {

// Made by us and not by SQLite, so that nobody else can read the keys in it. SQLite gives its side
// files the same mode.
void make_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    throw Error(ErrorKind::rejected, "journal.path",
                "the journal cannot be opened: " + std::generic_category().message(errno),
                base::printable(path));
  }
  close(file);
}

// Reads go through a connection of their own, which sees whatever has been committed when it is
// asked.
class SqliteReading : public Journal {
  template <typename Work>
  auto read(const Work& work) {
    const std::lock_guard lock(mutex_);
    return work(reading_);
  }

 public:
  explicit SqliteReading(const std::string& path) : reading_(path, false) {}

  std::optional<std::string> fact(const std::string& name) override {
    return read([&](const Database& db) { return tables::fact(db, name); });
  }
  std::vector<Event> events(std::uint64_t after) override {
    return read([&](const Database& db) { return tables::events(db, after); });
  }
  std::vector<TableRecord> tables() override {
    return read([](const Database& db) { return tables::all(db); });
  }
  std::vector<ChunkRecord> chunks(model::CollectionId table) override {
    return read([&](const Database& db) { return tables::chunks(db, table); });
  }
  std::map<model::CollectionId, TableTotals> totals() override {
    return read([](const Database& db) { return tables::totals(db); });
  }
  std::vector<model::Proof> proofs() override {
    return read([](const Database& db) { return tables::proofs(db); });
  }
  std::vector<OpenFinding> open_findings() override {
    return read([](const Database& db) { return tables::open_findings(db); });
  }

  void set_fact(const std::string& name, const std::string& value) override {
    write([&](Database& db) { tables::set_fact(db, name, value); });
  }
  bool swap_fact(const std::string& name, const std::optional<std::string>& expected,
                 const std::string& value) override {
    bool swapped = false;
    write([&](Database& db) {
      swapped = tables::fact(db, name) == expected;
      if (swapped) tables::set_fact(db, name, value);
    });
    return swapped;
  }
  void append(const Event& event) override {
    write([&](Database& db) { tables::append(db, event); });
  }
  void transition(const Event& event) override {
    write([&](Database& db) { tables::transition(db, event); });
  }
  void put_tables(const std::vector<TableRecord>& records) override {
    write([&](Database& db) {
      for (const auto& record : records) tables::put_table(db, record);
    });
  }
  void plan_chunk(const model::Chunk& chunk, bool last) override {
    write([&](Database& db) { tables::plan_chunk(db, chunk, last); });
  }
  void split_chunk(const model::Chunk& chunk, const model::Key& through,
                   const model::Chunk& rest) override {
    write([&](Database& db) { tables::split_chunk(db, chunk, through, rest); });
  }
  void chunk_done(const ChunkRecord& record) override {
    write([&](Database& db) { tables::chunk_done(db, record); });
  }
  void reconcile(model::CollectionId table, const std::vector<ChunkRecord>& on_target) override {
    write([&](Database& db) { tables::reconcile(db, table, on_target); });
  }
  void replan(model::CollectionId table) override {
    write([&](Database& db) { tables::replan(db, table); });
  }
  void adopt(const std::vector<AdoptedTable>& adopted) override {
    write([&](Database& db) { tables::adopt(db, adopted); });
  }
  void put_proof(const model::Proof& proof) override {
    write([&](Database& db) { tables::put_proof(db, proof); });
  }
  void void_proofs(model::CollectionId table) override {
    write([&](Database& db) { db.run("DELETE FROM proof WHERE collection = ?", table); });
  }
  void void_proofs_beyond(const model::Position& applied) override {
    write([&](Database& db) { tables::void_proofs_beyond(db, applied); });
  }
  void void_proof(model::CollectionId table, std::uint32_t chunk) override {
    write([&](Database& db) {
      db.run("DELETE FROM proof WHERE collection = ? AND chunk = ?", table, chunk);
    });
  }
  void open_finding(const model::Finding& finding) override {
    write([&](Database& db) { tables::open_finding(db, finding); });
  }
  void close_findings(const std::string& code, const std::string& subject) override {
    write([&](Database& db) {
      db.run("DELETE FROM finding WHERE code = ?1 AND (?2 = '' OR subject = ?2)", code, subject);
    });
  }

 protected:
  virtual void write(const std::function<void(Database&)>&) {
    throw Error(ErrorKind::rejected, "journal.readonly", "the journal was opened for reading only",
                base::printable(reading_.path()));
  }

  Database& reading() { return reading_; }

 private:
  std::mutex mutex_;
  Database reading_;
};

// The file, held, and brought up to date by the connection that is going to write.
struct Held {
  explicit Held(const std::string& path)
      : lock((make_file(path), path + ".lock")), writing(path, true) {
    bring_up_to_date(writing, schema_steps());
    writing.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  }
  LockFile lock;
  Database writing;
};

class Sqlite final : private Held, public SqliteReading {
 public:
  explicit Sqlite(const std::string& path)
      : Held(path), SqliteReading(path), commits_(Held::writing) {}

 private:
  void write(const std::function<void(Database&)>& work) override { commits_.run(work); }

  GroupCommit commits_;
};

class ReadOnly final : public SqliteReading {
 public:
  explicit ReadOnly(const std::string& path) : SqliteReading(path) {
    require_up_to_date(reading(), schema_steps());
  }
};

}  // namespace

std::unique_ptr<Journal> open_sqlite(const std::string& path) {
  return std::make_unique<Sqlite>(path);
}

std::unique_ptr<Journal> open_sqlite_readonly(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw Error(ErrorKind::rejected, "journal.missing", "there is no journal",
                base::printable(path));
  }
  return std::make_unique<ReadOnly>(path);
}

}  // namespace wherry::journal
