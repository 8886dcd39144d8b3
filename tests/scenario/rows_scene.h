// What the tests of moving rows share: how long they are, a write load on the shop, and looking at
// a migration from outside while it goes on.
//
// Thread-safety: one thread. Errors: std::runtime_error when a thing does not happen in time or the
// load fails; so a test that hangs tells where.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"
#include "tests/support/server.h"
#include "tests/support/wherry.h"

namespace wherry::tests {

bool is_soak();
// The number for a soak, or else the one for every day.
int sized(int usual, int in_soak);

// wherry_load on a server until finish(). `options` are its own, such as {"--rate", "500"}.
class Load {
 public:
  Load(const Server& server, const std::vector<std::string>& options);
  // Stops it at the end of a transaction; its counts.
  nlohmann::json finish();

 private:
  TemporaryDirectory directory_;
  Program program_;
};

// Looks every few milliseconds until `true_now`; throws with `what` after `limit`.
void wait_until(const std::string& what, std::chrono::seconds limit,
                const std::function<bool()>& true_now);

// A command of this migration: what it says on standard output. The rest goes to said_besides().
RunResult answer(const Wherry& wherry, std::vector<std::string> words);
std::string said_besides(const Wherry& wherry);
// What `wherry COMMAND --json` answers; throws when it is not one JSON document of schema 1.
nlohmann::json ask(const Wherry& wherry, std::vector<std::string> words, int expected_exit = 0);
// The status document, or null while there is none yet.
nlohmann::json status(const Wherry& wherry);
// The table in a status document; null when it is not there.
nlohmann::json table_in(const nlohmann::json& status, const std::string& name);

// A session of the account app, whose password is its name, as an application has one.
Connection as_app(const Server& server, const std::string& database);

// Ends the load's part of a scene: everything that was written arrives and is proved.
// Throws with the run's output and status when it does not, early where a difference stays.
void run_until_proved(Wherry& wherry, std::chrono::seconds limit = std::chrono::seconds(180));

}  // namespace wherry::tests
