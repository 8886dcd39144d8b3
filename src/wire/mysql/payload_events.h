#pragma once
// The events inside a TRANSACTION_PAYLOAD, one after the other, unpacked as they are asked for:
// what is held is the largest of them, not the transaction. Used by one thread; the payload's bytes
// must outlive it. Format: MySQL's sources, libbinlogevents/include/codecs/binary.h and
// control_events.h; manual 8.0, 5.4.4.5 "Binary Log Transaction Compression".
//
// Errors: data_mismatch "binlog.malformed"; not_supported "binlog.compressed_transaction" for a way
// of packing that is not known.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mysql/cursor.h"
#include "wire/mysql/events.h"

namespace wherry::wire::mysql {

// `in` is the event's body.
TransactionPayload read_transaction_payload(Cursor in);

class PayloadEvents {
 public:
  explicit PayloadEvents(const TransactionPayload& payload);
  PayloadEvents(PayloadEvents&&) noexcept;
  PayloadEvents& operator=(PayloadEvents&&) noexcept;
  ~PayloadEvents();

  // One whole event, without a checksum; nothing when all were given. The view lives until the next
  // call.
  std::optional<std::string_view> next();

 private:
  class Unpacking;
  bool fill(std::size_t bytes);

  std::unique_ptr<Unpacking> unpacking_;
  std::optional<std::uint64_t> expected_;
  std::uint64_t given_ = 0;
  std::string event_;
};

}  // namespace wherry::wire::mysql
