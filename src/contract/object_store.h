#pragma once
// Stores that hold objects (files, later S3), as source or as target. An object is known by its
// key; content is a stream of bytes; everything else that travels is an attribute. Listings come in
// key order: the order of sort_bytes(), compared by bytes, the same on both sides. Each reader and
// writer is used by one thread. Errors: transient, connection_lost, rejected, not_supported,
// data_mismatch (the object changed while it was read: list it again).

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/units.h"
#include "model/chunk.h"
#include "model/finding.h"
#include "model/key.h"
#include "model/schema.h"

namespace wherry::contract {

enum class ObjectKind { content, directory, symlink };

struct ObjectInfo {
  model::Key key;
  ObjectKind kind = ObjectKind::content;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  // since 1970 UTC
  std::map<std::string, std::string>
      attributes;  // "mode", "owner", "link_target", "same_as" (hard link) …
};

class ObjectBody {
 public:
  ObjectBody() = default;
  ObjectBody(const ObjectBody&) = delete;
  ObjectBody& operator=(const ObjectBody&) = delete;
  virtual ~ObjectBody() = default;
  // 0 at the end. Throws Error(data_mismatch, "object.changed") if the object is not what was
  // opened.
  virtual std::size_t read(std::span<char> into) = 0;
};

class ObjectReader {
 public:
  ObjectReader() = default;
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;
  virtual ~ObjectReader() = default;

  // Up to `limit` objects after `after` and not beyond `through`, in key order. Objects that cannot
  // be carried are told in `findings`.
  virtual std::vector<ObjectInfo> list(const std::optional<model::Key>& after,
                                       const std::optional<model::Key>& through, std::size_t limit,
                                       std::vector<model::Finding>& findings) = 0;
  virtual std::unique_ptr<ObjectBody> open(const ObjectInfo& object) = 0;
};

class ObjectWriter {
 public:
  ObjectWriter() = default;
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;
  virtual ~ObjectWriter() = default;

  // Writes content and attributes so that a crash leaves the old object or the new one, never a
  // part.
  virtual void put(const ObjectInfo& object, ObjectBody& body) = 0;
  virtual void set_attributes(const ObjectInfo& object) = 0;
  virtual void remove(const model::Key& key) = 0;
  // Everything written so far survives a crash of the machine.
  virtual void sync() = 0;
};

class ObjectStore {
 public:
  ObjectStore() = default;
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;
  virtual ~ObjectStore() = default;

  virtual std::string describe() = 0;
  virtual std::string identity() = 0;
  virtual std::vector<model::Finding> assess(bool as_target) = 0;
  virtual std::string sort_bytes(const model::Key& key) const = 0;
  virtual std::unique_ptr<ObjectReader> reader() = 0;
  virtual std::unique_ptr<ObjectWriter>
  writer() = 0;  // throws Error(rejected) if it cannot be written to
};

}  // namespace wherry::contract
