// Invoice numbers like 2026-00042.
export function invoiceNumber(year, n) {
  var s = '' + n
  if (s.length == 1) s = '0000' + s
  else if (s.length == 2) s = '000' + s
  else if (s.length == 3) s = '00' + s
  return year + '-' + s
}
