-- A paid call in two requests for FreeSWITCH, with mod_lua and mod_curl. docs/paid-calls.md tells what they do.
--
-- For a call, in the dialplan:
--
--   <extension name="paidline">
--     <condition field="destination_number" expression="^14620905014$">
--       <action application="lua" data="paidline_paid_call.lua 000038"/>      <!-- the agent's ref -->
--     </condition>
--   </extension>
--
-- And without a call, in lua.conf.xml, where it names the calls that live every 30 seconds, and sends the ends that were kept:
--
--   <param name="startup-script" value="paidline_paid_call.lua"/>
--
-- The caller is known by number here. For a PIN, ask with session:playAndGetDigits when begin answers unknown_inbound_number,
-- and begin again with it.

local url = "https://calls.example.com"
local hash = "put-the-hash-for-paid-calls-here"
-- This PBX's alone: of two with one name, each would end the other's calls.
local pbx = "put-a-name-for-this-pbx-here"
local gateway = "sofia/gateway/trunk/"
-- A sound file that asks the agent to press 1, or nil: a voicemail does not, so it is not paid for.
local press_1 = nil
-- A folder that FreeSWITCH may write to, with a file for each call until its end has been answered.
local folder = "/var/lib/freeswitch/paidline/"

local freeswitch_api = freeswitch.API()

-- Everything but letters and digits as %XX: mod_curl splits its arguments at blanks and decodes what it posts.
local function escaped(text)
  return (text:gsub("[^%w]", function(character) return string.format("%%%02X", character:byte()) end))
end

-- The API, not the session's application, because it still works when the caller has hung up.
local function post(endpoint, fields)
  local body = '{"authenticationHash":"' .. hash .. '","pbx":"' .. pbx .. '",' .. fields .. "}"
  return freeswitch_api:execute("curl", url .. "/v1/calls/" .. endpoint ..
    " content-type application/json connect-timeout 2 timeout 8 post " .. escaped(body)) or ""
end

-- Answers are one line without blanks, and their strings have no quotes in them where this script looks.
local function text(answer, name) return answer:match('"' .. name .. '":"([^"]*)"') end
local function succeeded(answer) return answer:find('{"status":1,', 1, true) == 1 end
-- mod_curl hides the HTTP status, so the reason says what is a fault of the service, or a hash that was revoked too early.
local faults = {
  answer_too_large = true, contention = true, deadline_exceeded = true, internal_error = true, store_unavailable = true,
  unauthorized = true,
}
local function refused(answer)
  local reason = answer:find('{"status":0,', 1, true) == 1 and text(answer, "reason")
  return reason and not faults[reason]
end

local function now() return tonumber(freeswitch_api:execute("strmicroepoch", "")) / 1000000 end

-- Written under another name first, so that the other thread never reads half of it.
local function keep(call_id, fields)
  local file = assert(io.open(folder .. "." .. call_id, "w"))
  file:write(fields)
  file:close()
  assert(os.rename(folder .. "." .. call_id, folder .. call_id))
end

-- What was answered is kept no longer. unknown_call: begin has not reached the service, either.
local function deliver(call_id, fields)
  local answer = post("end", '"callId":"' .. call_id .. '",' .. fields)
  if not succeeded(answer) and not refused(answer) then
    return freeswitch.consoleLog("warning", "paidline UNDELIVERED end callId:" .. call_id .. "\n")
  end
  if refused(answer) and text(answer, "reason") ~= "unknown_call" then
    freeswitch.consoleLog("err", "paidline REFUSED reason:" .. text(answer, "reason") .. " end callId:" .. call_id .. "\n")
  end
  os.remove(folder .. call_id)
end

-- Local times with one offset, so that a clock set back in between (02:50 to 02:10) does not end a call before its start.
local function times(started, ended)
  local sign, hours, minutes = os.date("%z", started):match("([+-])(%d%d)(%d%d)")
  local offset = tonumber(sign .. "1") * (hours * 3600 + minutes * 60)
  local format = "!%Y-%m-%d %H:%M:%S"
  return os.date(format, started + offset), os.date(format, ended + offset)
end

local dial_statuses = { USER_BUSY = "BUSY", NO_ANSWER = "NOANSWER", ORIGINATOR_CANCEL = "CANCEL" }

-- Returns the dial status and the seconds of talk.
local function dial(answer)
  -- Session() itself waits for 60 seconds. It also reads call_timeout, but from the caller's channel, where a dialplan may
  -- have set it; originate_timeout is read after that, and wins.
  local options = "{originate_timeout=" .. text(answer, "dialTimeOut") .. "}"
  local leg = freeswitch.Session(options .. gateway .. text(answer, "outboundNumber"), session)
  if not leg:ready() then
    return dial_statuses[leg:hangupCause()] or "CHANUNAVAIL", 0
  end
  if press_1 and leg:playAndGetDigits(1, 1, 2, 5000, "", press_1, "", "1") ~= "1" then
    leg:hangup()
    return session:ready() and "NOANSWER" or "CANCEL", 0
  end
  local answered = now()
  freeswitch_api:execute("sched_hangup", "+" .. text(answer, "maxSeconds") .. " " .. leg:get_uuid() .. " allotted_timeout")
  freeswitch.bridge(session, leg)
  return "ANSWER", math.floor(now() - answered)
end

local function paid_call(ref)
  local dialed_number = session:getVariable("destination_number")
  local inbound_number = session:getVariable("caller_id_number")
  -- A caller's number is the caller's own text: let nothing but a number into JSON.
  if not inbound_number or not inbound_number:match("^%+?%d+$") then return session:hangup("CALL_REJECTED") end
  local call_id, started = session:get_uuid(), os.time()

  session:setAutoHangup(false)
  session:setVariable("hangup_after_bridge", "false")
  -- Empty: the call lives, and nothing is known of its end.
  keep(call_id, "")
  local fields = '"callId":"' .. call_id .. '","dialedNumber":"' .. dialed_number .. '","ref":"' .. ref ..
    '","inboundNumber":"' .. inbound_number .. '"'
  local answer = post("begin", fields)
  -- Sent again with the same callId, it begins once.
  if not succeeded(answer) and not refused(answer) then answer = post("begin", fields) end
  if refused(answer) then
    os.remove(folder .. call_id)
    local reason = text(answer, "reason")
    local is_busy = reason == "agent_unavailable" or reason == "line_busy"
    return session:hangup(is_busy and "USER_BUSY" or "CALL_REJECTED")
  end

  local dial_status, seconds = "CANCEL", 0
  if succeeded(answer) then dial_status, seconds = dial(answer) end
  session:hangup()

  local start_time, end_time = times(started, os.time())
  local ending = '"dialStatus":"' .. dial_status .. '","duration":"' .. seconds ..
    '","startTime":"' .. start_time .. '","endTime":"' .. end_time .. '"'
  keep(call_id, ending)
  deliver(call_id, ending)
end

-- A call lives while its channel exists; one whose end is still to be sent lives, so that its tokens stay held.
local function synchronise()
  local live, ends = {}, {}
  local list = io.popen("ls " .. folder)
  for call_id in list:lines() do
    local file = io.open(folder .. call_id)
    local fields = file and file:read("*a")
    if file then file:close() end
    if fields == "" and freeswitch_api:execute("uuid_exists", call_id) == "false" then
      os.remove(folder .. call_id)
    elseif fields then
      live[#live + 1] = call_id
      if fields ~= "" then ends[call_id] = fields end
    end
  end
  list:close()
  if not succeeded(post("sync", '"callIds":"' .. table.concat(live, ",") .. '"')) then
    return freeswitch.consoleLog("warning", "paidline: calls/sync was not answered\n")
  end
  for call_id, fields in pairs(ends) do deliver(call_id, fields) end
end

if session then
  paid_call(argv[1])
else
  while true do
    synchronise()
    freeswitch.msleep(30000)
  end
end
