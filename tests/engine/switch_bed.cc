#include "tests/engine/switch_bed.h"

#include <utility>

#include "engine/retry.h"
#include "journal/sqlite.h"
#include "tests/engine/acting_objects.h"
#include "tests/engine/dying_journal.h"

namespace wherry::engine {

using namespace std::chrono_literals;

void Death::step() {
  if (!dead_) {
    ++steps_;
    if (left_ > 0 && --left_ == 0) dead_ = true;
  }
  if (dead_) throw base::Error(base::ErrorKind::fenced, "test.crash", "killed for a test");
}
void Death::before() { step(); }
void Death::after() { step(); }

bool GatedServer::write(const std::function<void(stores::memory::Transaction&)>& body) {
  const std::shared_lock lock(mutex_);
  if (closed_) return false;
  server->transaction(body);
  return true;
}

void GatedServer::close() {
  const std::unique_lock lock(mutex_);
  closed_ = true;
}

void GatedServer::open() {
  const std::unique_lock lock(mutex_);
  closed_ = false;
}

std::vector<contract::HeldBack> GatedServer::acting() const {
  const std::shared_lock lock(mutex_);
  std::vector<contract::HeldBack> out;
  for (const auto& [name, one] : acting_) out.push_back(one);
  return out;
}

void GatedServer::set_acting(const contract::HeldBack& one, bool is_there) {
  const std::unique_lock lock(mutex_);
  if (is_there) {
    acting_.insert_or_assign(one.name, one);
  } else {
    acting_.erase(one.name);
  }
}

void EventsGuard::lower(const contract::GuardUndo& undo, const std::stop_token& /*stop*/) {
  if (server_.acting().size() >= std::stoul(undo.state)) return;
  throw base::Error(base::ErrorKind::rejected, "guard.not_restored", "an event is gone");
}

contract::GuardUndo GateGuard::look() {
  return {server_.closed() ? "closed" : "open", {"OPEN " + server_.server->name()}};
}

void GateGuard::raise(const contract::GuardUndo& /*undo*/, const std::stop_token& stop) {
  death_->before();
  if (goes_up_slowly) sleep_for(60s, stop);
  if (cannot_be_raised) {
    throw base::Error(base::ErrorKind::rejected, "test.not_raised", "cannot be raised");
  }
  server_.close();
  death_->after();
}

std::vector<contract::Writer> GateGuard::drain(std::chrono::milliseconds /*patience*/,
                                               const std::stop_token& /*stop*/) {
  if (leaves_somebody) return {{"app", "is still there"}};
  return {};
}

void GateGuard::lower(const contract::GuardUndo& undo, const std::stop_token& /*stop*/) {
  death_->before();
  if (undo.state == "open") server_.open();
  death_->after();
}

std::vector<model::Finding> Queue::assess() {
  if (!is_missing) return {};
  return {{model::Severity::blocker, "test.missing", "queue", "there is none", ""}};
}

void Queue::wait(std::chrono::milliseconds at_most, const std::stop_token& /*stop*/) {
  death_->before();
  ++waited_for;
  given_ms = at_most.count();
  if (never_ends) {
    throw base::Error(base::ErrorKind::rejected, "test.not_drained", "17 messages are left");
  }
}

Clients::Clients(GatedServer& old_server, GatedServer& new_server)
    : sides_{&old_server, &new_server} {
  thread_ = std::jthread([this](const std::stop_token& stop) { write_all(stop); });
}

Clients::~Clients() = default;

void Clients::write_all(const std::stop_token& stop) {
  constexpr int first = 100'000;
  for (int id = first; !stop.stop_requested();) {
    const std::string text = std::to_string(id);
    for (auto* side : sides_) {
      const bool taken = side->write([&](stores::memory::Transaction& t) {
        t.insert(account_name, account(id, "client " + text, "c" + text));
        // A row that is written again and again, by its key.
        t.put(account_name, account(0, "last was " + text, "hot"));
      });
      if (!taken) continue;
      const std::lock_guard lock(mutex_);
      acknowledged_[id] = "client " + text;
      acknowledged_[0] = "last was " + text;
      ++id;
      break;
    }
    if (!sides_[0]->closed() && !sides_[1]->closed()) ++both_open_;
    std::this_thread::sleep_for(500us);
  }
}

void Clients::finish() {
  thread_.request_stop();
  thread_.join();
}

std::map<int, std::string> Clients::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

RunningTwoWay::RunningTwoWay(GatedServer& old_server, GatedServer& new_server,
                             const std::filesystem::path& folder, std::shared_ptr<Death> death)
    : death_(std::move(death)),
      journal_(
          std::make_unique<DyingJournal>(journal::open_sqlite(folder / "journal.sqlite"), death_)),
      back_(std::make_unique<DyingJournal>(journal::open_sqlite(folder / "back.sqlite"), death_)),
      old_source_(old_server.server),
      new_source_(new_server.server),
      old_target_(old_server.server),
      new_target_(new_server.server),
      old_ddl_(old_server.server),
      new_ddl_(new_server.server),
      old_watched_(old_server.server),
      new_watched_(new_server.server),
      old_rehearsals_(old_server.server),
      new_rehearsals_(new_server.server),
      old_guard_(old_server, death_),
      new_guard_(new_server, death_),
      queue_(death_),
      old_events_(old_server),
      new_events_(new_server),
      old_objects_(std::make_unique<ActingObjects>(old_server, new_server, death_)),
      new_objects_(std::make_unique<ActingObjects>(new_server, old_server, death_)) {
  limits_.chunk_bytes = 8U << 10U;
  limits_.window_changes = 20;
  TwoWayOptions options;
  options.name = "bank";
  options.filter = [](const model::CollectionName& name) { return name.schema == "bank"; };
  options.route = [](const model::CollectionName& name) { return name; };
  options.ddl_policy = [](const std::string&) { return DdlAction::apply; };
  options.write_undo = [](Side, const std::vector<NamedUndo>&) {};
  options.awaited = {&queue_};
  ServerParts old_parts{old_source_, old_target_, &old_ddl_, old_objects_.get(), &old_watched_};
  old_parts.rehearsals = &old_rehearsals_;
  old_parts.guards = {&old_guard_, &old_events_};
  ServerParts new_parts{new_source_, new_target_, &new_ddl_, new_objects_.get(), &new_watched_};
  new_parts.rehearsals = &new_rehearsals_;
  new_parts.guards = {&new_guard_, &new_events_};
  migration_ = std::make_unique<TwoWayMigration>(std::move(old_parts), std::move(new_parts),
                                                 *journal_, *back_, limits_, std::move(options));
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      migration_->run(stop);
    } catch (const base::Error&) {
      // As the process's end; what it has done is what counts.
    }
    ended_ = true;
  });
}

RunningTwoWay::~RunningTwoWay() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool RunningTwoWay::wait_until(const std::function<bool()>& holds,
                               std::chrono::seconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (holds()) return true;
    if (ended_) return false;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

bool RunningTwoWay::wait_settled() {
  return wait_until([&] { return migration_->is_settled(true); }, 30s);
}

bool RunningTwoWay::wait_proved() {
  return wait_until(
      [&] {
        const auto checks = migration_->check_switch(migration_->status().active == "source"
                                                         ? SwitchDirection::cutover
                                                         : SwitchDirection::rollback);
        return std::all_of(checks.begin(), checks.end(),
                           [](const SwitchCheck& check) { return check.holds; });
      },
      30s);
}

SwitchView RunningTwoWay::do_switch(SwitchDirection direction, SwitchOptions options) {
  migration_->begin_switch(direction, options);
  (void)wait_until([&] { return !migration_->switch_view().running; }, 60s);
  return migration_->switch_view();
}

std::string RunningTwoWay::state() { return migration_->status().state; }

}  // namespace wherry::engine
