#include "stores/mysql/held_rows.h"

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

namespace wherry::stores::mysql {

namespace {

using model::RowBatch;
using model::RowEvent;

[[noreturn]] void fail(std::string_view what) {
  const int number = errno;
  std::error_code ignored;
  throw base::Error(base::ErrorKind::rejected, "source.spool",
                    "a temporary file for the rows of a prepared XA transaction cannot be " +
                        std::string(what) + ": " + std::strerror(number),
                    std::filesystem::temp_directory_path(ignored).string());
}

int make_file() {
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  std::string name =
      ((none ? std::filesystem::path("/tmp") : folder) / "wherry-xa-XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) fail("made");
  ::unlink(name.c_str());
  return file;
}

void write_all(int file, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("written");
    bytes.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

std::string read_all(int file, std::uint64_t size, std::uint64_t at) {
  std::string bytes(size, '\0');
  for (std::size_t have = 0; have < bytes.size();) {
    const ssize_t n =
        ::pread(file, bytes.data() + have, bytes.size() - have, static_cast<off_t>(at + have));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;
    if (n <= 0) fail("read");
    have += static_cast<std::size_t>(n);
  }
  return bytes;
}

void put(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);  // read back by this process
}

std::uint64_t next(std::string_view& in) {
  std::uint64_t number = 0;
  assert(in.size() >= sizeof number);
  std::memcpy(&number, in.data(), sizeof number);
  in.remove_prefix(sizeof number);
  return number;
}

constexpr std::uint64_t null_cell = ~std::uint64_t{0};

void put(std::string& out, const RowBatch& batch) {
  put(out, batch.columns());
  put(out, batch.rows());
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    for (std::size_t c = 0; c < batch.columns(); ++c) {
      const model::Cell cell = batch.cell(r, c);
      put(out, cell ? cell->size() : null_cell);
      if (cell) out += *cell;
    }
  }
}

RowBatch next_batch(std::string_view& in) {
  const std::uint64_t columns = next(in);
  const std::uint64_t rows = next(in);
  RowBatch batch(columns);
  for (std::uint64_t i = 0; i < columns * rows; ++i) {
    const std::uint64_t size = next(in);
    if (size == null_cell) {
      batch.append(std::nullopt);
      continue;
    }
    assert(in.size() >= size);
    batch.append(in.substr(0, size));
    in.remove_prefix(size);
  }
  return batch;
}

std::string packed(const std::vector<RowEvent>& run) {
  std::string out;
  put(out, run.size());
  for (const RowEvent& event : run) {
    put(out, event.collection);
    put(out, static_cast<std::uint64_t>(event.kind));
    put(out, event.cascades ? 1 : 0);
    put(out, event.before);
    put(out, event.after);
  }
  return out;
}

std::vector<RowEvent> unpacked(std::string_view in) {
  std::vector<RowEvent> run(next(in));
  for (RowEvent& event : run) {
    event.collection = static_cast<model::CollectionId>(next(in));
    event.kind = static_cast<model::ChangeKind>(next(in));
    event.cascades = next(in) != 0;
    event.before = next_batch(in);
    event.after = next_batch(in);
  }
  return run;
}

std::uint64_t weight(const std::vector<RowEvent>& run) {
  std::uint64_t total = 0;
  for (const RowEvent& e : run) total += sizeof(RowEvent) + e.before.bytes() + e.after.bytes();
  return total;
}

}  // namespace

HeldRows::HeldRows(HeldRows&& other) noexcept { *this = std::move(other); }

HeldRows& HeldRows::operator=(HeldRows&& other) noexcept {
  std::swap(runs_, other.runs_);
  std::swap(bytes_, other.bytes_);
  std::swap(file_, other.file_);
  std::swap(spooled_, other.spooled_);
  std::swap(read_at_, other.read_at_);
  std::swap(write_at_, other.write_at_);
  return *this;
}

HeldRows::~HeldRows() {
  if (file_ >= 0) ::close(file_);
}

void HeldRows::add(std::vector<RowEvent> run) {
  bytes_ += weight(run);
  runs_.push_back(std::move(run));
}

std::vector<RowEvent> HeldRows::take() {
  assert(!empty());
  if (spooled_ != 0) {
    const std::string head = read_all(file_, sizeof(std::uint64_t), read_at_);
    std::string_view in = head;
    const std::uint64_t size = next(in);
    read_at_ += head.size();
    auto run = unpacked(read_all(file_, size, read_at_));
    read_at_ += size;
    --spooled_;
    return run;
  }
  auto run = std::move(runs_.front());
  runs_.pop_front();
  bytes_ -= weight(run);
  return run;
}

void HeldRows::spool() {
  for (const auto& run : runs_) {
    if (file_ < 0) file_ = make_file();
    const std::string body = packed(run);
    std::string head;
    put(head, body.size());
    write_all(file_, head, write_at_);
    write_all(file_, body, write_at_ + head.size());
    write_at_ += head.size() + body.size();
    ++spooled_;
  }
  runs_.clear();
  bytes_ = 0;
}

}  // namespace wherry::stores::mysql
