const weekday = { from: 9, to: 18 }
const saturday = { from: 9, to: 14 }

/** Hours by weekday, Sunday first; closed where there are none. The closing hour itself is closed. */
const hours = [undefined, weekday, weekday, weekday, weekday, weekday, saturday]

/** Whether the shop is open at this hour of this weekday (0 is Sunday). */
export function isOpen(day, hour) {
  const open = hours[day]
  return open !== undefined && hour >= open.from && hour < open.to
}
