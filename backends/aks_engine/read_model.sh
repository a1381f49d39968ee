# Prints what is to be known of an api model: POSIX sh. Set before: model.
# One `key value` a line, then `model SIZE`, and after it the bytes of the file to the end.

folder=${model%/*}
parameters=$folder/azuredeploy.parameters.json

printf 'state '
if [ ! -d "$folder" ]; then
    echo no-folder
elif [ ! -x "$folder" ]; then
    echo closed-folder
elif [ ! -e "$model" ]; then
    echo missing
elif [ ! -f "$model" ]; then
    echo no-file
elif [ ! -r "$model" ]; then
    echo closed
else
    echo there
fi

mode() {
    [ ! -e "$2" ] || printf 'mode %s %s %s\n' "$1" "$(stat -L -c '%a' -- "$2")" "$2"
}
mode folder "$folder"
for file in "$model" "$folder"/azuredeploy*.json "$folder"/*.key "$folder"/kubeconfig/*.json; do
    mode file "$file"
done

for copy in "$folder"/apimodel-copies/apimodel-*.json "$folder"/_rotate_certs_backup/apimodel.json; do
    [ ! -f "$copy" ] || printf 'copy %s\n' "$copy"
done

# The parameters hold private keys: what is wanted of them is taken out here.
if [ -r "$parameters" ]; then
    printf 'suffix %s\n' "$(tr -d ' \t\r\n' < "$parameters" | grep -o '"nameSuffix":{"value":"[0-9]*"' | tr -dc '0-9')"
fi

if [ -f "$model" ] && [ -r "$model" ]; then
    printf 'model %s\n' "$(wc -c < "$model" | tr -d ' ')"
    head -c 16777216 -- "$model"
fi
