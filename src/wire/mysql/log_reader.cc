#include "wire/mysql/log_reader.h"

#include <utility>
#include <variant>

#include "base/error.h"

namespace wherry::wire::mysql {

Event LogReader::next(const std::function<std::string_view()>& read) {
  if (payload_) return next_inside();
  Event event = decoder_.decode(read());
  if (const auto* p = std::get_if<TransactionPayload>(&event.body)) {
    payload_.emplace(Payload{event.header, PayloadEvents(*p)});
  }
  return event;
}

Event LogReader::next_inside() {
  std::optional<std::string_view> bytes;
  try {
    bytes = payload_->events.next();
  } catch (const base::Error& e) {
    throw e.within(payload_->header.text());
  }
  if (bytes) return decoder_.decode_inside(*bytes, payload_->header);
  Event end{payload_->header, PayloadEnd{}};
  end.header.event_size = 0;
  payload_.reset();
  return end;
}

}  // namespace wherry::wire::mysql
