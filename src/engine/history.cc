#include "engine/history.h"

#include <algorithm>
#include <chrono>

#include <spdlog/spdlog.h>
#include <unistd.h>

namespace wherry::engine {

State state_of(journal::Journal& journal) {
  return state_named(journal.fact("state").value_or("planned"));
}

void go(journal::Journal& journal, State to, const std::string& detail) {
  const State from = state_of(journal);
  const auto known = std::find_if(transitions.begin(), transitions.end(), [&](const Transition& t) {
    return t.from == from && t.to == to;
  });
  if (known == transitions.end()) {
    throw base::Error(base::ErrorKind::internal, "state.transition", "no such transition");
  }
  journal::Event event;
  event.at = std::chrono::system_clock::now();
  event.kind = "transition";
  event.from = to_string(from);
  event.to = to_string(to);
  event.detail = detail;
  event.undo = known->undo;
  journal.transition(event);
  spdlog::info("{} → {}: {}", event.from, event.to, detail);
}

void note(journal::Journal& journal, const std::string& kind, const std::string& detail) {
  journal::Event event;
  event.at = std::chrono::system_clock::now();
  event.kind = kind;
  event.detail = detail;
  journal.append(event);
}

void note_start(journal::Journal& journal) {
  journal.set_fact("failure", "");
  note(journal, "started", "pid " + std::to_string(::getpid()));
}

void note_failure(journal::Journal& journal, const base::Error& error) {
  note(journal, "failed", error.what());
  journal.set_fact("failure", error.code() + ": " + error.what());
}

base::DigestKey digest_key(journal::Journal& journal) {
  if (const auto stored = journal.fact("digest_key")) return base::DigestKey::from_text(*stored);
  const auto key = base::DigestKey::random();
  journal.set_fact("digest_key", key.text());
  return key;
}

std::string lease_owner(journal::Journal& journal) {
  if (const auto stored = journal.fact("owner")) return *stored;
  auto made = base::DigestKey::random().text();
  journal.set_fact("owner", made);
  return made;
}

void keep_identity(journal::Journal& journal, const std::string& side,
                   const std::string& identity) {
  const std::string fact = side + "_identity";
  const auto known = journal.fact(fact);
  if (!known) return journal.set_fact(fact, identity);
  if (*known == identity) return;
  throw base::Error(base::ErrorKind::rejected, side + ".replaced",
                    "the " + side + " is not the one this migration began with",
                    "was " + *known + ", is " + identity);
}

}  // namespace wherry::engine
