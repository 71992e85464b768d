-- Wireshark dissector of SPOP 2.0, the protocol between HAProxy and its agents (HAProxy's doc/SPOE.txt, section 3).
--
--   tshark -X lua_script:spop.lua -r traffic.pcap
--
-- or copy it into the folder "Personal Lua Plugins" of Wireshark's Help > About > Folders. SPOP is found on any TCP port by
-- what it says; "Decode As" forces it. Runs on Lua 5.2 to 5.4.

local spop = Proto("spop", "Stream Processing Offload Protocol")

local LENGTH_BYTES = 4
local MIN_FRAME_BYTES = 7
-- HAProxy's buffers are no larger.
local MAX_FRAME_BYTES = 1048576

local TYPES = {
  [0] = "UNSET", [1] = "HAPROXY-HELLO", [2] = "HAPROXY-DISCONNECT", [3] = "NOTIFY",
  [101] = "AGENT-HELLO", [102] = "AGENT-DISCONNECT", [103] = "ACK",
}
local NOTIFY, ACK, UNSET = 3, 103, 0
local ACTIONS = { [1] = "set-var", [2] = "unset-var" }
local SCOPES = { [0] = "proc", [1] = "sess", [2] = "txn", [3] = "req", [4] = "res" }
local DATA_TYPES = {
  [0] = "NULL", [1] = "BOOL", [2] = "INT32", [3] = "UINT32", [4] = "INT64", [5] = "UINT64",
  [6] = "IPV4", [7] = "IPV6", [8] = "STRING", [9] = "BINARY",
}

local f = {
  length = ProtoField.uint32("spop.length", "Frame length"),
  type = ProtoField.uint8("spop.type", "Frame type", base.DEC, TYPES),
  flags = ProtoField.uint32("spop.flags", "Flags", base.HEX),
  fin = ProtoField.bool("spop.flags.fin", "FIN", 32, nil, 0x1),
  abort = ProtoField.bool("spop.flags.abort", "ABORT", 32, nil, 0x2),
  stream_id = ProtoField.uint64("spop.stream_id", "Stream-id"),
  frame_id = ProtoField.uint64("spop.frame_id", "Frame-id"),
  item = ProtoField.string("spop.item", "Item"),
  message = ProtoField.string("spop.message", "Message"),
  nb_args = ProtoField.uint8("spop.nb_args", "NB-ARGS"),
  argument = ProtoField.string("spop.argument", "Argument"),
  action = ProtoField.uint8("spop.action", "Action", base.DEC, ACTIONS),
  scope = ProtoField.uint8("spop.scope", "Scope", base.DEC, SCOPES),
  variable = ProtoField.string("spop.variable", "Variable"),
  data_type = ProtoField.uint8("spop.data_type", "Data type", base.DEC, DATA_TYPES, 0x0f),
  bool = ProtoField.bool("spop.bool", "BOOL", 8, nil, 0x10),
  int = ProtoField.int64("spop.int", "Integer"),
  uint = ProtoField.uint64("spop.uint", "Unsigned integer"),
  ipv4 = ProtoField.ipv4("spop.ipv4", "IPV4"),
  ipv6 = ProtoField.ipv6("spop.ipv6", "IPV6"),
  string = ProtoField.string("spop.string", "STRING"),
  binary = ProtoField.bytes("spop.binary", "BINARY"),
  fragment = ProtoField.bytes("spop.fragment", "Fragment of the payload"),
  payload = ProtoField.bytes("spop.payload", "Payload"),
  request_in = ProtoField.framenum("spop.request_in", "NOTIFY in", base.NONE, frametype.REQUEST),
  time = ProtoField.double("spop.time", "Time since the NOTIFY, in seconds"),
}
spop.fields = f

local malformed = ProtoExpert.new("spop.malformed", "Malformed frame", expert.group.MALFORMED, expert.severity.ERROR)
spop.experts = { malformed }

local tcp_stream = Field.new("tcp.stream")
-- Where each NOTIFY was seen, by connection and ids: its packet and its time.
local notifies = {}
function spop.init() notifies = {} end

-- A place in one frame that never leaves it. Errors are tables, so that they are told from those of this program.
local Cursor = {}
Cursor.__index = Cursor

local function cursor(tvb, offset)
  return setmetatable({ tvb = tvb, offset = offset, limit = tvb:len() }, Cursor)
end

function Cursor:left() return self.limit - self.offset end

function Cursor:take(count, what)
  if count > self:left() then
    error({ text = "expected " .. count .. " bytes for the " .. what .. "; found " .. self:left() })
  end
  local range = self.tvb:range(self.offset, count)
  self.offset = self.offset + count
  return range
end

function Cursor:byte(what)
  local range = self:take(1, what)
  return range:uint(), range
end

-- Additive: each byte counts whole, at shifts 0, 4, 11, 18, … (HAProxy's include/haproxy/intops.h).
function Cursor:varint(what)
  local start = self.offset
  local byte = self:byte(what)
  local value = UInt64(byte)
  if byte >= 240 then
    local shift = 4
    repeat
      if shift > 60 then error({ text = "expected at most ten bytes for the " .. what }) end
      byte = self:byte(what)
      local sum = value + UInt64(byte):lshift(shift)
      if sum < value or (shift == 60 and byte >= 16) then error({ text = "expected less than 2^64 for the " .. what }) end
      value = sum
      shift = shift + 7
    until byte < 128
  end
  return value, self.tvb:range(start, self.offset - start)
end

function Cursor:counted(what)
  local length = self:varint("length of the " .. what)
  if length > UInt64(self:left()) then
    error({ text = "expected " .. tostring(length) .. " bytes for the " .. what .. "; found " .. self:left() })
  end
  local count = length:tonumber()
  if count == 0 then return nil, "" end
  local range = self:take(count, what)
  return range, range:string(ENC_UTF_8)
end

-- A name with its length; the range of the length stands for an empty one, which has no bytes of its own.
local function add_name(tree, field, at, what)
  local start = at.offset
  local range, text = at:counted(what)
  return tree:add(field, range or at.tvb:range(start, 1), text), text
end

-- TYPED-DATA: the type in the low nibble, flags in the high one.
local function add_value(tree, at)
  local byte, range = at:byte("data type")
  local type = byte % 16
  tree:add(f.data_type, range)
  if type == 0 then return "NULL" end
  if type == 1 then
    tree:add(f.bool, range)
    return math.floor(byte / 16) % 2 == 1 and "true" or "false"
  end
  if type == 2 or type == 4 then
    local value, place = at:varint("integer")
    local low, high = value:lower(), value:higher()
    local isShort = (high == 0 and low < 0x80000000) or (high == 0xffffffff and low >= 0x80000000)
    if type == 2 and not isShort then error({ text = "expected -2^31 to 2^31-1 in an INT32" }) end
    local signed = Int64(low, high)
    tree:add(f.int, place, signed)
    return tostring(signed)
  end
  if type == 3 or type == 5 then
    local value, place = at:varint("integer")
    if type == 3 and value:higher() ~= 0 then error({ text = "expected 0 to 2^32-1 in a UINT32" }) end
    tree:add(f.uint, place, value)
    return tostring(value)
  end
  if type == 6 then
    local place = at:take(4, "IPV4")
    tree:add(f.ipv4, place)
    return tostring(place:ipv4())
  end
  if type == 7 then
    local place = at:take(16, "IPV6")
    tree:add(f.ipv6, place)
    return tostring(place:ipv6())
  end
  if type == 8 then
    local start = at.offset
    local place, text = at:counted("string")
    tree:add(f.string, place or at.tvb:range(start, 1), text)
    return '"' .. text .. '"'
  end
  if type == 9 then
    local place = at:counted("binary")
    if place then tree:add(f.binary, place) end
    return (place and place:len() or 0) .. " bytes"
  end
  error({ text = "expected a data type of 0 to 9; found " .. type })
end

local function add_named_value(tree, field, at, what)
  local item, name = add_name(tree, field, at, what)
  local value = add_value(item, at)
  item:append_text(": " .. value)
  return name, value
end

local function add_items(tree, at)
  local info = ""
  while at:left() > 0 do
    local name, value = add_named_value(tree, f.item, at, "item name")
    if name == "status-code" then info = " status " .. value end
  end
  return info
end

local function add_messages(tree, at)
  local info = ""
  while at:left() > 0 do
    local start = at.offset
    local item, name = add_name(tree, f.message, at, "message name")
    info = info .. " " .. name
    local count, range = at:byte("NB-ARGS")
    item:add(f.nb_args, range)
    for _ = 1, count do add_named_value(item, f.argument, at, "argument name") end
    item:set_len(at.offset - start)
  end
  return info
end

local function add_actions(tree, at)
  -- One byte 00 is no action at all: agents write it because HAProxy 3.1.0 waits for a payload.
  if at:left() == 1 and at.tvb:range(at.offset, 1):uint() == 0 then return "" end
  local info = ""
  while at:left() > 0 do
    local start = at.offset
    local action, range = at:byte("action")
    if not ACTIONS[action] then error({ text = "expected action 1 or 2; found " .. action }) end
    local item = tree:add(f.action, range)
    local count, count_range = at:byte("NB-ARGS")
    item:add(f.nb_args, count_range)
    local expected = action == 1 and 3 or 2
    if count ~= expected then error({ text = "expected NB-ARGS " .. expected .. "; found " .. count }) end
    local scope, place = at:byte("scope")
    item:add(f.scope, place)
    if not SCOPES[scope] then error({ text = "expected a scope of 0 to 4; found " .. scope }) end
    local _, name = add_name(item, f.variable, at, "variable name")
    local text = " " .. ACTIONS[action] .. " " .. SCOPES[scope] .. "." .. name
    if action == 1 then text = text .. " = " .. add_value(item, at) end
    item:append_text(":" .. text)
    item:set_len(at.offset - start)
    info = info .. text
  end
  return info
end

-- Remembers a NOTIFY, and shows with an ACK which one it answers.
local function match(tree, type, ids, pinfo)
  local stream = tcp_stream()
  if not stream then return end
  local key = tostring(stream.value) .. " " .. ids
  if type ~= ACK then
    notifies[key] = notifies[key] or {}
    local seen = notifies[key]
    if not pinfo.visited then seen[#seen + 1] = { number = pinfo.number, time = pinfo.abs_ts } end
    return
  end
  -- Ids are used again: the last one before the ACK counts.
  local request
  for _, candidate in ipairs(notifies[key] or {}) do
    if candidate.number <= pinfo.number then request = candidate end
  end
  if not request then return end
  tree:add(f.request_in, request.number):set_generated()
  tree:add(f.time, pinfo.abs_ts - request.time):set_generated()
end

local function add_frame(tree, at, pinfo)
  tree:add(f.length, at:take(LENGTH_BYTES, "frame length"))
  local type, range = at:byte("frame type")
  tree:add(f.type, range)
  local flags_range = at:take(4, "flags")
  local flags = flags_range:uint()
  local flags_tree = tree:add(f.flags, flags_range)
  flags_tree:add(f.fin, flags_range)
  flags_tree:add(f.abort, flags_range)
  local stream_id, stream_range = at:varint("stream-id")
  tree:add(f.stream_id, stream_range, stream_id)
  local frame_id, frame_range = at:varint("frame-id")
  tree:add(f.frame_id, frame_range, frame_id)
  local ids = tostring(stream_id) .. ":" .. tostring(frame_id)
  local title = TYPES[type] or ("unknown type " .. type)
  if ids ~= "0:0" then title = title .. " " .. ids end
  tree:append_text(", " .. title)
  local isFin = flags % 2 == 1
  local rest = ""
  if type == UNSET or (type == NOTIFY and not isFin) then
    if at:left() > 0 then tree:add(f.fragment, at:take(at:left(), "fragment")) end
    rest = " (fragment)"
    if type == UNSET and isFin then match(tree, type, ids, pinfo) end
  elseif type == NOTIFY then
    match(tree, type, ids, pinfo)
    rest = add_messages(tree, at)
  elseif type == ACK then
    match(tree, type, ids, pinfo)
    rest = add_actions(tree, at)
  elseif TYPES[type] then
    rest = add_items(tree, at)
  elseif at:left() > 0 then
    tree:add(f.payload, at:take(at:left(), "payload"))
  end
  return title .. rest
end

local function dissect_frame(tvb, pinfo, root)
  pinfo.cols.protocol = "SPOP"
  local tree = root:add(spop, tvb:range())
  local at = cursor(tvb, 0)
  local isRight, result = pcall(add_frame, tree, at, pinfo)
  if not isRight then
    if type(result) ~= "table" then error(result, 0) end
    tree:add_proto_expert_info(malformed, result.text .. " at byte " .. at.offset)
    result = TYPES[tvb:range(LENGTH_BYTES, 1):uint()] or "frame"
    result = result .. " [malformed]"
  end
  pinfo.cols.info:append(result .. "; ")
  return tvb:len()
end

local function frame_length(tvb, _, offset)
  return LENGTH_BYTES + tvb:range(offset, LENGTH_BYTES):uint()
end

function spop.dissector(tvb, pinfo, root)
  pinfo.cols.info:clear()
  -- A frame is no shorter than its fixed parts; what claims less is none, and would be read for ever.
  if tvb:len() >= LENGTH_BYTES then
    local length = tvb:range(0, LENGTH_BYTES):uint()
    if length < MIN_FRAME_BYTES or length > MAX_FRAME_BYTES then
      local tree = root:add(spop, tvb:range())
      tree:add_proto_expert_info(malformed, "expected a length of 7 to 1048576; found " .. length)
      return tvb:len()
    end
  end
  dissect_tcp_pdus(tvb, root, LENGTH_BYTES, frame_length, dissect_frame)
  return tvb:len()
end

-- Whether bytes begin with a frame: its length, type and flags, and for a HELLO its ids, are hardly ever these by chance.
local function is_frame(tvb)
  if tvb:len() < LENGTH_BYTES + MIN_FRAME_BYTES then return false end
  local length = tvb:range(0, LENGTH_BYTES):uint()
  local type = tvb:range(4, 1):uint()
  local flags = tvb:range(5, 4):uint()
  if length < MIN_FRAME_BYTES or length > MAX_FRAME_BYTES or not TYPES[type] then return false end
  if type == 1 or type == 101 then return flags == 1 and tvb:range(9, 2):uint() == 0 end
  -- In the middle of a connection the frame has to be there as a whole, or to fill the packet.
  if type ~= NOTIFY and type ~= ACK then return false end
  return flags == 1 and (length + LENGTH_BYTES <= tvb:len() or tvb:len() >= 500)
end

spop:register_heuristic("tcp", function(tvb, pinfo, root)
  if not is_frame(tvb) then return false end
  pinfo.conversation = spop
  spop.dissector(tvb, pinfo, root)
  return true
end)
DissectorTable.get("tcp.port"):add_for_decode_as(spop)
