#include "wire/mysql/payload_events.h"

#include <algorithm>
#include <new>

#include <fmt/format.h>
#include <zstd.h>

#include "base/error.h"

namespace wherry::wire::mysql {

namespace {

// Memory is taken as bytes arrive, not as a header claims.
constexpr std::size_t step_bytes = std::size_t{256} << 10U;
// Servers compress with windows of up to 128 MiB (their highest level); a stream that asks for more
// is not theirs.
constexpr int largest_window_log = 27;

enum class Field : std::uint8_t { end = 0, size = 1, packing = 2, unpacked_size = 3 };

}  // namespace

// Fields, each a number, its length and its bytes, up to a number 0; then the packed events. A
// field of an unknown number says nothing that must be known: its writer has its length told for
// that.
TransactionPayload read_transaction_payload(Cursor in) {
  TransactionPayload p;
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> packing;
  for (std::uint64_t number = in.packed(); number != 0; number = in.packed()) {
    Cursor value(in.take(in.packed()));
    if (number > static_cast<std::uint64_t>(Field::unpacked_size)) continue;
    switch (Field{static_cast<std::uint8_t>(number)}) {
      case Field::end:
        break;  // ended the loop
      case Field::size:
        size = value.packed();
        break;
      case Field::packing:
        packing = value.packed();
        break;
      case Field::unpacked_size:
        p.unpacked_bytes = value.packed();
        break;
    }
  }
  p.packed = in.take_all();
  if (!size || !packing) throw_malformed("a compressed transaction does not tell its form");
  if (*size != p.packed.size()) {
    throw_malformed(
        fmt::format("a compressed transaction of {} bytes came as {}", *size, p.packed.size()));
  }
  if (*packing == static_cast<std::uint64_t>(TransactionPayload::Packing::zstd)) {
    p.packing = TransactionPayload::Packing::zstd;
  } else if (*packing != static_cast<std::uint64_t>(TransactionPayload::Packing::none)) {
    throw base::Error(
        base::ErrorKind::not_supported, "binlog.compressed_transaction",
        fmt::format("a transaction is compressed in a way that is not known ({}); set "
                    "binlog_transaction_compression=OFF on the source",
                    *packing));
  }
  return p;
}

class PayloadEvents::Unpacking {
 public:
  explicit Unpacking(const TransactionPayload& payload)
      : packed_(payload.packed),
        stream_(payload.packing == TransactionPayload::Packing::zstd ? ZSTD_createDStream()
                                                                     : nullptr) {
    if (payload.packing != TransactionPayload::Packing::zstd) return;
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, largest_window_log);
  }

  // Up to `room` bytes; fewer only at the end.
  std::size_t read(char* into, std::size_t room) {
    if (!stream_) {
      const std::size_t n = std::min(room, packed_.size());
      packed_.copy(into, n);
      packed_.remove_prefix(n);
      return n;
    }
    ZSTD_outBuffer out{into, room, 0};
    while (out.pos < room) {
      if (between_frames_ && packed_.empty()) break;
      ZSTD_inBuffer in{packed_.data(), packed_.size(), 0};
      const std::size_t before = out.pos;
      const std::size_t left = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(left) != 0) {
        throw_malformed(
            fmt::format("a compressed transaction does not unpack: {}", ZSTD_getErrorName(left)));
      }
      packed_.remove_prefix(in.pos);
      between_frames_ = left == 0;
      if (in.pos == 0 && out.pos == before) throw_malformed("a compressed transaction is cut off");
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* s) const { ZSTD_freeDStream(s); }
  };
  std::string_view packed_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool between_frames_ = false;
};

PayloadEvents::PayloadEvents(const TransactionPayload& payload)
    : unpacking_(std::make_unique<Unpacking>(payload)), expected_(payload.unpacked_bytes) {}
PayloadEvents::PayloadEvents(PayloadEvents&&) noexcept = default;
PayloadEvents& PayloadEvents::operator=(PayloadEvents&&) noexcept = default;
PayloadEvents::~PayloadEvents() = default;

// Makes event_ `bytes` long; false if there is nothing more at all.
bool PayloadEvents::fill(std::size_t bytes) {
  const std::size_t start = event_.size();
  while (event_.size() < bytes) {
    const std::size_t at = event_.size();
    const std::size_t wanted = std::min(bytes - at, step_bytes);
    event_.resize(at + wanted);
    const std::size_t n = unpacking_->read(event_.data() + at, wanted);
    event_.resize(at + n);
    given_ += n;
    if (expected_ && given_ > *expected_) {
      throw_malformed(
          fmt::format("a compressed transaction is longer than its {} bytes", *expected_));
    }
    if (n == wanted) continue;
    if (event_.size() == start && start == 0) return false;
    throw_malformed("a compressed transaction ends in the middle of an event");
  }
  return true;
}

std::optional<std::string_view> PayloadEvents::next() {
  event_.clear();
  if (!fill(EventHeader::size)) {
    if (expected_ && given_ != *expected_) {
      throw_malformed(
          fmt::format("a compressed transaction of {} bytes unpacks to {}", *expected_, given_));
    }
    return std::nullopt;
  }
  Cursor in(event_);
  const EventHeader header = EventHeader::read(in);
  if (header.event_size < EventHeader::size) throw_too_short();
  fill(header.event_size);
  return event_;
}

}  // namespace wherry::wire::mysql
