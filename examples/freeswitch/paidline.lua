-- The paid-advice line for FreeSWITCH: one paid call, with mod_lua and mod_curl.
--
--   <extension name="paidline">
--     <condition field="destination_number" expression="^14620905014$">
--       <action application="lua" data="paidline.lua 000038"/>      <!-- the agent's ref -->
--     </condition>
--   </extension>
--
-- The caller is known by number here; asking for the PIN is session:playAndGetDigits and
-- getWalletByDialedNumberAndPin. docs/asterisk.md tells what each step is for.

local agents = { url = "https://chattabai.example.com/wp-json/ctb/v1", hash = "put-the-hash-of-the-agents-api-here" }
local credit = { url = "https://credit.example.com/wp-json/credsys/v1", hash = "put-the-hash-of-the-credit-system-here" }
local gateway = "sofia/gateway/trunk/"

local freeswitch_api = freeswitch.API()

-- Everything but letters and digits as %XX: mod_curl splits its arguments at blanks and decodes what it posts.
local function escaped(text)
  return (text:gsub("[^%w]", function(character) return string.format("%%%02X", character:byte()) end))
end

-- The API, not the session's application, because it still works when the caller has hung up.
local function post(scope, path, fields)
  local parts = { '"authenticationHash":"' .. scope.hash .. '"' }
  for name, value in pairs(fields) do
    parts[#parts + 1] = '"' .. name .. '":"' .. value .. '"'
  end
  local body = escaped("{" .. table.concat(parts, ",") .. "}")
  return freeswitch_api:execute("curl",
    scope.url .. path .. " content-type application/json connect-timeout 2 timeout 8 post " .. body) or ""
end

-- Answers are one line without blanks, and its strings have no quotes in them where this script looks.
local function text(answer, name) return answer:match('"' .. name .. '":"([^"]*)"') end
local function succeeded(answer) return answer:find('"status":1,', 1, true) ~= nil end

-- The same key makes a second delivery harmless. What is still undelivered is for an operator to replay.
local function deliver(scope, path, fields, what)
  for _ = 1, 5 do
    local answer = post(scope, path, fields)
    if succeeded(answer) then return end
    freeswitch.msleep(2000)
  end
  freeswitch.consoleLog("err", "paidline UNDELIVERED " .. what .. "\n")
end

local ref = argv[1]
local dialed_number = session:getVariable("destination_number")
local inbound_number = session:getVariable("caller_id_number")
-- A caller's number is the caller's own text: let nothing but a number into JSON.
if not inbound_number or not inbound_number:match("^%+?%d+$") then return session:hangup("CALL_REJECTED") end
local key = session:get_uuid()

local wallet = post(credit, "/json/getWalletByDialedNumberAndInboundNumber",
  { dialedNumber = dialed_number, inboundNumber = inbound_number })
if not succeeded(wallet) then return session:hangup("CALL_REJECTED") end

local agent = post(agents, "/json/getStatusByRef", { ref = ref })
-- The user's status is text; the answer's own is a number.
if text(agent, "status") ~= "online" then return session:hangup("USER_BUSY") end

local tpm = tonumber(text(post(agents, "/json/getProfileData", { ref = ref, fields = "_ctbCallSessionTpm" }),
  "_ctbCallSessionTpm") or "0")
local tokens = tonumber(text(wallet, "tokens"))
if tpm == 0 or tokens < tpm then return session:hangup("CALL_REJECTED") end

local outbound_number = text(agent, "outboundNumber")
local by_line = text(agent, "lineSharing") == "true"
local status_path = by_line and "/json/updateStatusByLineSharing" or "/json/updateStatusByRef"
local function status(value)
  return { status = value, [by_line and "outboundNumber" or "ref"] = by_line and outbound_number or ref }
end

session:setAutoHangup(false)
local taken = succeeded(post(agents, status_path, status("inConversation")))
local started, talked, cause = os.time(), 0, nil
if taken then
  session:setVariable("hangup_after_bridge", "false")
  session:setVariable("execute_on_answer", "sched_hangup +" .. math.floor(tokens * 60 / tpm) .. " allotted_timeout")
  -- Session() itself waits for 60 seconds. It also reads call_timeout, but from the caller's channel, where a dialplan may
  -- have set it; originate_timeout is read after that, and wins.
  local leg = freeswitch.Session("{originate_timeout=" .. text(agent, "dialTimeOut") .. "}" .. gateway .. outbound_number,
    session)
  cause = leg:hangupCause()
  if leg:ready() then
    local answered = os.time()
    freeswitch.bridge(session, leg)
    talked = os.time() - answered
    cause = "ANSWER"
  end
end
session:hangup()

-- Whether or not the answer that took the agent came, the agent is free now.
deliver(agents, status_path, status("online"), "release ref:" .. ref)
if not taken then return end

local dial_statuses = { ANSWER = "ANSWER", USER_BUSY = "BUSY", NO_ANSWER = "NOANSWER", ORIGINATOR_CANCEL = "CANCEL" }
deliver(agents, "/session/call/create/byRef", {
  ref = ref,
  startTime = os.date("%Y-%m-%d %H:%M:%S", started),
  endTime = os.date("%Y-%m-%d %H:%M:%S"),
  inboundNumber = inbound_number,
  dialedNumber = dialed_number,
  outboundNumber = outbound_number,
  duration = talked,
  dialStatus = dial_statuses[cause] or "CHANUNAVAIL",
  idempotencyKey = key,
}, "session idempotencyKey:" .. key)

local price = math.min(math.ceil(talked * tpm / 60), tokens)
if price > 0 then
  deliver(credit, "/json/subtractTokensFromWallet",
    { dialedNumber = dialed_number, pin = text(wallet, "pin"), tokens = price, idempotencyKey = key },
    "subtract idempotencyKey:" .. key .. " walletId:" .. text(wallet, "walletId") .. " tokens:" .. price)
end
