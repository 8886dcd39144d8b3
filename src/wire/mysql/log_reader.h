#pragma once
// A log's events in the order in which they take effect: those of a compressed transaction stand
// behind its TRANSACTION_PAYLOAD, and a PayloadEnd behind them. Used by one thread. Errors: those
// of decoder.h and payload_events.h.

#include <functional>
#include <optional>
#include <string_view>

#include "wire/mysql/decoder.h"
#include "wire/mysql/payload_events.h"

namespace wherry::wire::mysql {

class LogReader {
 public:
  // `checksummed` as BinlogDecoder takes it.
  explicit LogReader(bool checksummed) : decoder_(checksummed) {}

  // `read` gives the next event's bytes from the log; it is called only when they are needed, and
  // what it gave before must live until then. The event's views live until the next call.
  Event next(const std::function<std::string_view()>& read);

  // The next event comes out of a payload that was read already.
  bool inside() const { return payload_.has_value(); }

 private:
  struct Payload {
    EventHeader header;
    PayloadEvents events;
  };
  Event next_inside();

  BinlogDecoder decoder_;
  std::optional<Payload> payload_;
};

}  // namespace wherry::wire::mysql
