#include "tests/engine/row_test_bed.h"

#include <random>
#include <utility>

#include <unistd.h>

#include "journal/sqlite.h"

namespace wherry::engine {

using namespace std::chrono_literals;
using stores::memory::Row;
using stores::memory::Transaction;

model::TableSchema account_table() {
  model::TableSchema s;
  s.name = account_name;
  model::Column id;
  id.name = "id";
  id.type = model::ColumnType::bigint;
  model::Column owner;
  owner.name = "owner";
  owner.type = model::ColumnType::varchar;
  owner.length = 80;
  owner.nullable = true;
  model::Column tag = owner;
  tag.name = "tag";
  s.columns = {id, owner, tag};
  s.key = {0};
  s.key_index = "PRIMARY";
  s.unique_keys = {{"PRIMARY", {0}, true}, {"tag", {2}, false}};
  s.engine = "memory";
  return s;
}

Row account(int id, const std::string& owner, const std::string& tag) {
  return {std::to_string(id), owner, tag};
}

Writers::Writers(std::shared_ptr<stores::memory::Server> server, unsigned seed) {
  thread_ = std::jthread([server = std::move(server), seed](const std::stop_token& stop) {
    std::mt19937 random(seed);
    const auto pick = [&](int most) {
      return static_cast<int>(random() % static_cast<unsigned>(most));
    };
    for (int n = 0; !stop.stop_requested(); ++n) {
      try {
        server->transaction([&](Transaction& t) {
          for (int i = 0; i <= pick(3); ++i) {
            const int id = pick(3000);
            const model::Key key({std::to_string(id)});
            const std::string fresh = std::to_string(n) + "-" + std::to_string(i);
            switch (pick(4)) {
              case 0:
                t.insert(account_name, account(id, "new " + fresh, "t" + fresh));
                break;
              case 1:
                t.update(account_name, key, account(id, "changed " + fresh, "t" + fresh));
                break;
              case 2:
                t.update(account_name, key, account(pick(3000), "moved " + fresh, "t" + fresh));
                break;
              default:
                t.remove(account_name, key);
            }
          }
        });
      } catch (const base::Error&) {
        // A duplicate, or no such row: that transaction was taken back.
      }
      std::this_thread::sleep_for(200us);
    }
  });
}

RunningMigration::RunningMigration(std::shared_ptr<stores::memory::Server> from,
                                   const std::shared_ptr<stores::memory::Server>& to,
                                   const std::filesystem::path& journal,
                                   std::shared_ptr<tests::Faults> faults, std::uint64_t chunk_bytes)
    : journal_(journal::open_sqlite(journal / "journal.sqlite")),
      source_(std::move(from)),
      target_(std::make_shared<stores::memory::Target>(to), faults),
      ddl_(std::make_shared<stores::memory::DdlTarget>(to), std::move(faults)),
      watched_(to) {
  limits_.chunk_bytes = chunk_bytes;
  limits_.window_changes = 20;
  MigrationOptions options;
  options.name = "bank";
  options.filter = [](const model::CollectionName& name) { return name.schema == "bank"; };
  options.route = [](const model::CollectionName& name) { return name; };
  options.ddl_policy = [](const std::string&) { return DdlAction::apply; };
  options.watched = &watched_;
  migration_ = std::make_unique<engine::Migration>(source_, target_, &ddl_, *journal_, limits_,
                                                   std::move(options));
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      migration_->run(stop);
    } catch (const base::Error& error) {
      error_ = error;
    }
    ended_ = true;
  });
}

RunningMigration::~RunningMigration() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool RunningMigration::wait_until(std::chrono::seconds patience,
                                  const std::function<bool()>& holds) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (holds()) return true;
    if (ended_) return false;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

bool RunningMigration::wait_settled(std::chrono::seconds patience) {
  return wait_until(patience, [&] { return migration_->is_settled(true); });
}

std::optional<base::Error> RunningMigration::error() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return error_;
}

std::filesystem::path fresh_folder(const std::string& name) {
  auto path = std::filesystem::temp_directory_path() /
              ("wherry-engine-" + name + "-" + std::to_string(::getpid()));
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

}  // namespace wherry::engine
